// One post: what was sent, and what came back.
import { Copy } from "../../ui/parts.tsx";
import { headText, prettyOf, sentence } from "./webhook.ts";

type ExchangeProps = {
  readonly request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  } | null;
  readonly answer: { readonly status: number; readonly body: string } | null;
  /** What the try came to, in words; null when all was well. */
  readonly error: string | null;
};

export function Exchange({ request, answer, error }: ExchangeProps) {
  const said = sentence(error ?? "");
  return (
    <div class="pair">
      <figure>
        <figcaption class="row">
          <b>Sent</b> {request && <Copy text={request.body} label="Copy the body" />}
        </figcaption>
        {request === null ? (
          <p class="quiet">Nothing was sent: {said}</p>
        ) : (
          <pre tabIndex={0}>
            {`POST ${request.url}\n${headText(request.headers)}\n\n${prettyOf(request.body)}`}
          </pre>
        )}
      </figure>
      <figure>
        <figcaption class="row">
          <b>Came back</b>
        </figcaption>
        {answer === null ? (
          <p class="quiet">{request === null ? "Nothing." : `Nothing: ${said}`}</p>
        ) : (
          <pre tabIndex={0}>{`${answer.status}\n\n${answer.body || "(an empty body)"}`}</pre>
        )}
      </figure>
    </div>
  );
}
