// What webhooks post: how a post is made and verified, in five languages, and the body of each event.
import { getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { hashOf, usePlace } from "../../lib/router.ts";
import { Link } from "../../ui/link.tsx";
import { Copy, Failure, Waiting } from "../../ui/parts.tsx";
import { prettyOf } from "../webhooks/webhook.ts";
import { FIRED, FORMATS } from "./fired.ts";
import { LANGUAGES } from "./languages.ts";

type Sample = { readonly event: string; readonly body: string };

export function Screen() {
  const { query } = usePlace();
  const format = FORMATS.find((name) => name === query["format"]) ?? FORMATS[0];
  const language = LANGUAGES.find(({ name }) => name === query["language"]) ?? LANGUAGES[0];
  const to = (change: Readonly<Record<string, string>>): string =>
    hashOf({ screen: "webhook-events", query: { format, language: language.name, ...change } });
  return (
    <>
      <h1>What webhooks post</h1>
      <p>
        Each event is one POST with a JSON object, to each of your{" "}
        <Link to={{ screen: "webhooks" }}>webhooks</Link> that subscribes to it. Any 2xx within 5
        seconds takes it. Whatever else happens, it is tried ten times over 75 hours, with the same{" "}
        <code>webhook-id</code>. Events may come twice and in any order.
      </p>
      <section class="card" aria-labelledby="verify">
        <h2 id="verify">Verify the signature</h2>
        <p>
          Signed is <code>webhook-id.webhook-timestamp.body</code> with HMAC-SHA256, as{" "}
          <a href="https://www.standardwebhooks.com" rel="noreferrer">
            Standard Webhooks
          </a>{" "}
          says; its libraries work, too. The key is the secret without <code>whsec_</code>, from
          base64. Verify the body as it came, before anything parses it, and refuse timestamps that
          are more than five minutes off.
        </p>
        <nav class="row" aria-label="Languages">
          {LANGUAGES.map(({ name }) => (
            <a
              key={name}
              class="choice"
              aria-current={name === language.name ? "true" : undefined}
              href={to({ language: name })}
            >
              {name}
            </a>
          ))}
          <Copy text={language.code} label="Copy the code" />
        </nav>
        <pre tabIndex={0}>{language.code}</pre>
      </section>
      <section aria-labelledby="payloads">
        <h2 id="payloads">Events</h2>
        <nav class="row" aria-label="Formats">
          {FORMATS.map((name) => (
            <a
              key={name}
              class="choice"
              aria-current={name === format ? "true" : undefined}
              href={to({ format: name })}
            >
              format {name}
            </a>
          ))}
        </nav>
        <Samples key={format} format={format} />
      </section>
    </>
  );
}

function Samples({ format }: { readonly format: string }) {
  const { data, error, again } = useLoad(
    () => getPage<Sample>("/v1/webhooks/samples", { format }),
    format,
  );
  if (error !== null) return <Failure error={error} again={again} />;
  if (data === null) return <Waiting />;
  return (
    <>
      {data.data.map(({ event, body }) => (
        <article key={event} class="card" aria-labelledby={`event-${event}`}>
          <h3 id={`event-${event}`}>
            <code>{event}</code>
          </h3>
          <p>{FIRED[event]}</p>
          <pre tabIndex={0}>{prettyOf(body)}</pre>
          <Copy text={body} label={`Copy the body of ${event}`} />
        </article>
      ))}
    </>
  );
}
