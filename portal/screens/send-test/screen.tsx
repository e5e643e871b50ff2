// Send a test: one small message through everything that real mail goes through.
import { useState } from "preact/hooks";
import { getPage, post } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Waiting } from "../../ui/parts.tsx";
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
  // The sender is there before anybody can send.
  if (domains.data === null && domains.error === null) return <Waiting />;
  const known = domains.data?.data[0];
  const from = fields.from || (known ? (known.default_sender ?? `hello@${known.domain}`) : "");
  const set = (change: Partial<typeof fields>): void => setFields({ ...fields, ...change });
  const send = async (): Promise<void> => {
    const { to, subject, text } = fields;
    const recipients = { to: [{ email: to }] };
    const html = `<p>${escaped(text)}</p>`;
    await post("/v1/send-email", { email: { from, subject, text, html, recipients } });
    say("Accepted. Watch it arrive.");
    go({ screen: "activity", query: { recipient: to } });
  };
  return (
    <>
      <h1>Send a test</h1>
      <Form title="Message" action="Send" isMain run={send}>
        <TextField label="From" type="email" required value={from} set={(from) => set({ from })} />
        <TextField
          label="To"
          type="email"
          required
          placeholder="you@example.com"
          value={fields.to}
          set={(to) => set({ to })}
        />
        <TextField
          label="Subject"
          required
          value={fields.subject}
          set={(subject) => set({ subject })}
        />
        <label>
          <span>Text</span>
          <textarea
            rows={5}
            required
            value={fields.text}
            onInput={({ currentTarget: { value: text } }) => set({ text })}
          />
        </label>
      </Form>
    </>
  );
}

const TEXT = "If you can read this, mail from Edgepost reaches you.";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br>");
}
