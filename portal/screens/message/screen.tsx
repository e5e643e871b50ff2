// One message: its journey, what was sent, and what can be done with it.
import { useState } from "preact/hooks";
import { get, post } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { go, usePlace } from "../../lib/router.ts";
import { may, useMe } from "../../lib/session.ts";
import { Answer } from "../../ui/answer.tsx";
import { Confirm } from "../../ui/dialog.tsx";
import { Link } from "../../ui/link.tsx";
import { Copy, Empty, Mark, Time } from "../../ui/parts.tsx";
import { say } from "../../ui/toast.tsx";
import { Content } from "./content.tsx";
import type { Delivery, Message } from "./message.ts";
import { Timeline } from "./timeline.tsx";
import { Webhooks } from "./webhooks.tsx";

export function Screen() {
  const { id } = usePlace();
  const message = useLoad(() => get<Message>(`/v1/messages/${encodeURIComponent(id)}`), id);
  if (id === "") {
    return (
      <Empty title="No message chosen">
        Choose one in the <Link to={{ screen: "activity" }}>activity</Link>.
      </Empty>
    );
  }
  return <Answer of={message}>{(data) => <Shown message={data} again={message.again} />}</Answer>;
}

function Shown({ message, again }: { readonly message: Message; readonly again: () => void }) {
  const [index, setIndex] = useState(0);
  const [asks, setAsks] = useState<"resend" | "suppress" | null>(null);
  const delivery = message.deliveries[index];
  const me = useMe();
  return (
    <>
      <h1>{message.subject || "(no subject)"}</h1>
      <Facts message={message} />
      <div class="row">
        {may(me, "messages", "write") && (
          <button type="button" onClick={() => setAsks("resend")}>
            Resend …
          </button>
        )}
        {delivery?.email && may(me, "suppressions", "write") && (
          <button type="button" onClick={() => setAsks("suppress")}>
            Suppress the recipient …
          </button>
        )}
        <button type="button" onClick={again}>
          Refresh
        </button>
        <Link
          to={{ screen: "activity", query: { message_id: message.id, from: message.created_at } }}
        >
          Its events, with what was clicked
        </Link>
      </div>
      {asks === "resend" && <Resend message={message} close={() => setAsks(null)} />}
      {asks === "suppress" && delivery?.email && (
        <Suppress email={delivery.email} close={() => setAsks(null)} />
      )}
      <Recipients deliveries={message.deliveries} index={index} choose={setIndex} />
      {delivery && <Timeline message={message} delivery={delivery} />}
      <Webhooks id={message.id} />
      <Content key={index} id={message.id} index={index} />
    </>
  );
}

function Facts({ message }: { readonly message: Message }) {
  return (
    <dl class="facts">
      <dt>From</dt>
      <dd>{message.from}</dd>
      <dt>Accepted</dt>
      <dd>
        <Time at={message.created_at} />
      </dd>
      <dt>Mail class</dt>
      <dd>{message.mail_class}</dd>
      {message.tags && (
        <>
          <dt>Tag</dt>
          <dd>{message.tags}</dd>
        </>
      )}
      <dt>Id</dt>
      <dd>
        <code>{message.id}</code> <Copy text={message.id} />
      </dd>
      {message.tracking && (
        <>
          <dt>Opens, clicks</dt>
          <dd>
            {message.tracking.opens.people} and {message.tracking.clicks.people} by people;{" "}
            {message.tracking.opens.machines} and {message.tracking.clicks.machines} by machines
          </dd>
        </>
      )}
    </dl>
  );
}

type RecipientsProps = {
  readonly deliveries: readonly Delivery[];
  readonly index: number;
  readonly choose: (index: number) => void;
};

function Recipients({ deliveries, index, choose }: RecipientsProps) {
  return (
    <ul class="recipients" aria-label="Recipients">
      {deliveries.map(({ click_tracking_id, email, state }, at) => (
        <li key={click_tracking_id}>
          <button type="button" aria-pressed={at === index} onClick={() => choose(at)}>
            {email ?? "erased"} <Mark word={state} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Resend({ message, close }: { readonly message: Message; readonly close: () => void }) {
  const run = async (): Promise<void> => {
    const path = `/v1/messages/${encodeURIComponent(message.id)}/resend`;
    const { data } = await post<{ data: { id: string } }>(path, {});
    say("Accepted again, as a new message.");
    go({ screen: "message", id: data.id });
  };
  const count = message.deliveries.length;
  const text = `It goes to all of its recipients again (${count}), as a new message.`;
  return (
    <Confirm
      title="Resend this message?"
      text={text}
      name="resend"
      action="Resend"
      run={run}
      close={close}
    />
  );
}

function Suppress({ email, close }: { readonly email: string; readonly close: () => void }) {
  const run = async (): Promise<void> => {
    await post("/v1/suppressions", { email, scope: "global", reason: "added in the portal" });
    say(`${email} gets no more mail.`);
  };
  const text = "No mail of any class goes to this address until the entry is removed.";
  return (
    <Confirm
      title="Suppress this recipient?"
      text={text}
      name={email}
      action="Suppress"
      run={run}
      close={close}
    />
  );
}
