// A webhook's secret, which the API tells once.
import { hashOf } from "../../lib/router.ts";
import { Copy, Time } from "../../ui/parts.tsx";

/** What was made: its secret, and until when the one before signs too. */
export type Made = {
  readonly id: string;
  readonly url: string;
  readonly secret: string;
  readonly previous_secret_until: string | null;
};

export function SecretOnce({ made }: { readonly made: Made }) {
  const { id, url, secret, previous_secret_until: until } = made;
  return (
    <section class="card" role="status" aria-labelledby="secret-once">
      <h2 id="secret-once">
        The secret of <a href={hashOf({ screen: "webhooks", id })}>{url}</a>
      </h2>
      <p>
        It is shown only now. Your receiver{" "}
        <a href={hashOf({ screen: "webhook-events" })}>verifies each post</a> with it
        {until === null ? (
          "."
        ) : (
          <>
            ; the old one signs too until <Time at={until} />.
          </>
        )}
      </p>
      <p class="row">
        <code>{secret}</code> <Copy text={secret} label="Copy the secret" />
      </p>
    </section>
  );
}
