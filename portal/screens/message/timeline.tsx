// The journey of one delivery, with the relay's own words.
import { Mark, Time } from "../../ui/parts.tsx";
import { attemptOf, type Delivery, type Message, type Step, stepsOf } from "./message.ts";

export function Timeline({
  message,
  delivery,
}: {
  readonly message: Message;
  readonly delivery: Delivery;
}) {
  const steps = stepsOf(message, delivery);
  return (
    <section aria-labelledby="journey">
      <h2 id="journey">Journey</h2>
      <ol class="timeline">
        {steps.map((step, index) => (
          <Entry key={index} step={step} delivery={delivery} />
        ))}
        {delivery.next_attempt_at !== null && (
          <li>
            <b>Next try</b> <Time at={delivery.next_attempt_at} />
          </li>
        )}
      </ol>
    </section>
  );
}

function Entry({ step, delivery }: { readonly step: Step; readonly delivery: Delivery }) {
  const attempt = attemptOf(delivery, step);
  const isAttempt = step.event.includes("attempt");
  return (
    <li>
      <Mark word={isAttempt ? (step.result ?? step.event) : step.event} />
      {step.machine && <span class="quiet"> by a machine</span>} <Time at={step.at} />
      {attempt && (
        <span class="quiet">
          {" "}
          relay {attempt.relay}
          {tlsOf(attempt.tls)}
        </span>
      )}
      {step.reply && <code class="reply">{replyOf(step)}</code>}
    </li>
  );
}

function tlsOf(tls: boolean | null | undefined): string {
  if (tls === true) return ", with TLS";
  return tls === false ? ", without TLS" : "";
}

function replyOf({ code, reply = "" }: Step): string {
  return code && !reply.startsWith(String(code)) ? `${code} ${reply}` : reply;
}
