// Send a test: one small message through everything that real mail goes through.
import { useState } from "preact/hooks";
import { get, getPage, post } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go } from "../../lib/router.ts";
import { may, type Me, useMe } from "../../lib/session.ts";
import { TextField } from "../../ui/fields.tsx";
import { Form } from "../../ui/form.tsx";
import { Link } from "../../ui/link.tsx";
import { Failure, Waiting } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";

type Account = { readonly default_sender: { readonly address: string } | null };
type Domain = { readonly domain: string; readonly state: string };

/** An address that mail may come from: the account's default sender, or one of a verified domain; "" if none is known. */
async function askSender(me: Me): Promise<string> {
  const { default_sender: sender } = await get<Account>("/v1/account");
  if (sender !== null) return sender.address;
  if (!may(me, "domains")) return "";
  const { data } = await getPage<Domain>("/v1/domains", { limit: MOST_DOMAINS });
  // One whose records are gone from DNS may go on sending.
  const verified = data.find(({ state }) => state !== "pending");
  return verified ? `hello@${verified.domain}` : "";
}

/** One answer; who has more verified domains than this has a default sender. */
const MOST_DOMAINS = 100;

type Fields = {
  /** null: as it was proposed. */
  readonly from: string | null;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

export function Screen() {
  const me = useMe();
  const sender = useLoad(() => askSender(me), "");
  const [fields, setFields] = useState<Fields>({
    from: null,
    to: "",
    subject: "A test from Edgepost",
    text: TEXT,
  });
  // The sender is there before anybody can send.
  if (sender.error !== null) return <Failure error={sender.error} again={sender.again} />;
  if (sender.data === null) return <Waiting />;
  const from = fields.from ?? sender.data;
  const set = (change: Partial<Fields>): void => setFields({ ...fields, ...change });
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
      {sender.data === "" && (
        <p>
          Mail must come from a verified domain of this account, and none is known here. Add one at{" "}
          <Link to={{ screen: "domains" }}>Domains</Link>, or name an address of one.
        </p>
      )}
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
