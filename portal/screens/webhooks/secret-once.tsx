// A webhook's secret, which the API tells once.
import { Link } from "../../ui/link.tsx";
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
        The secret of <Link to={{ screen: "webhooks", id }}>{url}</Link>
      </h2>
      <p>
        It is shown only now. Your receiver{" "}
        <Link to={{ screen: "webhook-events" }}>verifies each post</Link> with it
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
