// The figures of a time, with those of the time before.
import { changeOf, percent, type Stats } from "./stats.ts";

/** What is counted, by the names of /v1/stats, and the rate that goes with it. */
const TILES = [
  ["Sent", "accepted", null],
  ["Delivered", "delivered", "delivery"],
  ["Bounced", "bounced", "bounce"],
  ["Complaints", "complaints", "complaint"],
  ["Opens", "opens", "open"],
  ["Clicks", "clicks", "click"],
] as const;

const MACHINES: Readonly<Record<string, string>> = {
  opens: "opens_machine",
  clicks: "clicks_machine",
};

type TilesProps = { readonly now: Stats; readonly before: Stats };

export function Tiles(times: TilesProps) {
  return (
    <dl class="tiles">
      {TILES.map(([name, count, rate]) => (
        <Tile key={count} name={name} count={count} rate={rate} {...times} />
      ))}
    </dl>
  );
}

type TileProps = TilesProps & {
  readonly name: string;
  readonly count: string;
  readonly rate: string | null;
};

function Tile({ name, count, rate, now, before }: TileProps) {
  const value = now.total.counts[count] ?? 0;
  const earlier = before.total.counts[count] ?? 0;
  const machines = MACHINES[count];
  const share = rate === null ? null : (now.total.rates[rate] ?? null);
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value.toLocaleString()}</b>
        {share !== null && <span>{percent(share)} %</span>}
        <span class="quiet">
          {changeOf(value, earlier) ?? "nothing"}{" "}
          {earlier > 0 ? `of ${earlier.toLocaleString()}` : ""} before
        </span>
        {machines !== undefined && (
          <span class="quiet">
            {(now.total.counts[machines] ?? 0).toLocaleString()} more by machines
          </span>
        )}
      </dd>
    </div>
  );
}
