// Send a test: one small message through everything that real mail goes through.
import { useState } from "preact/hooks";
import { getPage, post } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";

type Domain = { readonly domain: string; readonly default_sender: string | null };

export function Screen() {
  const domains = useLoad(() => getPage<Domain>("/v1/domains", { limit: 10 }), "");
  const [fields, setFields] = useState({
    from: "",
    to: "",
    subject: "A test from Edgepost",
    text: TEXT,
  });
  const [error, setError] = useState<unknown>(null);
  const [isSending, setSending] = useState(false);
  // The sender is there before anybody can send.
  if (domains.data === null && domains.error === null) return <Waiting />;
  const known = domains.data?.data[0];
  const from = fields.from || (known ? (known.default_sender ?? `hello@${known.domain}`) : "");
  const set =
    (name: keyof typeof fields) =>
    (event: { readonly currentTarget: { readonly value: string } }) =>
      setFields({ ...fields, [name]: event.currentTarget.value });
  const send = async (): Promise<void> => {
    setError(null);
    setSending(true);
    try {
      const { subject, text } = fields;
      const recipients = { to: [{ email: fields.to }] };
      const html = `<p>${escaped(text)}</p>`;
      await post("/v1/send-email", { email: { from, subject, text, html, recipients } });
      say("Accepted. Watch it arrive.");
      go({ screen: "activity", query: { recipient: fields.to } });
    } catch (error) {
      setError(error);
    } finally {
      setSending(false);
    }
  };
  return (
    <>
      <h1>Send a test</h1>
      <form
        class="card narrow"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label>
          <span>From</span>
          <input type="email" required value={from} onInput={set("from")} />
        </label>
        <label>
          <span>To</span>
          <input
            type="email"
            required
            value={fields.to}
            onInput={set("to")}
            placeholder="you@example.com"
          />
        </label>
        <label>
          <span>Subject</span>
          <input required value={fields.subject} onInput={set("subject")} />
        </label>
        <label>
          <span>Text</span>
          <textarea rows={5} required value={fields.text} onInput={set("text")} />
        </label>
        {error !== null && <Failure error={error} />}
        <button type="submit" class="main" disabled={isSending}>
          Send
        </button>
      </form>
    </>
  );
}

const TEXT = "If you can read this, mail from Edgepost reaches you.";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br>");
}
