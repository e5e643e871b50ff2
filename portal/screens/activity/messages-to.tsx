// The latest messages to one address: found at once, however much was sent to others.
import { getPage } from "../../lib/api.ts";
import { useLoad } from "../../lib/load.ts";
import { Link } from "../../ui/link.tsx";
import { Failure, Mark, Time } from "../../ui/parts.tsx";

const SHOWN = 10;

type Listed = {
  readonly id: string;
  readonly created_at: string;
  readonly subject: string;
  readonly states: Readonly<Record<string, number>>;
};

export function MessagesTo({ address }: { readonly address: string }) {
  const { data, error } = useLoad(
    () => getPage<Listed>("/v1/messages", { recipient: address, limit: SHOWN }),
    address,
  );
  if (error !== null) return <Failure error={error} />;
  if (data === null || data.data.length === 0) return null;
  return (
    <section aria-labelledby="messages-to">
      <h2 id="messages-to">Latest messages to {address}</h2>
      <ul>
        {data.data.map(({ id, created_at: at, subject, states }) => (
          <li key={id}>
            <Time at={at} /> <Link to={{ screen: "message", id }}>{subject || "(no subject)"}</Link>{" "}
            {Object.keys(states).map((state) => (
              <Mark key={state} word={state} />
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
