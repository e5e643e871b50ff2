// F02: the Worker is killed at each named crash point (reliability design, 4.2), and started again over the same
// folder. C4 needs no kill (F07), C14 and C15 are rows of their own (F24, F03).
import { copies, drain, within } from "../../test/node/faults/ledger.ts";
import { inWorld } from "../../test/node/faults/world.ts";
import type { SmtpScript } from "../../test/peers/script.ts";
import { judge, sum } from "../account.ts";
import { heard, sendFor } from "../client.ts";
import type { Outcome, Row, Stand } from "../row.ts";
import { unless } from "../scene.ts";

/** A crash point, and the second copies that it allows. */
type Point = { readonly at: string; readonly copies: 0 | 1 };

const POINTS: readonly Point[] = [
  ...["C1", "C2", "C3", "C5", "C6", "C7", "C8"].map((at) => ({ at, copies: 0 }) as const),
  { at: "C9", copies: 1 },
  { at: "C10", copies: 1 },
  ...["C11", "C12", "C13"].map((at) => ({ at, copies: 0 }) as const),
];

const ROUNDS = { quick: 1, full: 20 } as const;

/** At C9 the relay has the content and says nothing. */
const NO_ANSWER_TO_DOT: SmtpScript = { rules: [{ at: "dot", nth: 1, do: { drop: "stall" } }] };

const REACH_MS = 20_000;

export const crashPoints: Row = {
  id: "F02",
  fault: "the Worker is killed at each crash point, C1 to C13",
  async run(stand) {
    const rounds = stand.quick ? ROUNDS.quick : ROUNDS.full;
    const points = POINTS.flatMap((point) => Array.from({ length: rounds }, () => point));
    let done = 0;
    const outcomes = await Promise.all(
      points.map(async (point) => {
        const outcome = await crashAt(stand, point);
        done += 1;
        if (done % 6 === 0) stand.tell(`${done} of ${points.length} crashes`);
        return outcome;
      }),
    );
    const held = outcomes.filter(({ breaches }) => breaches.length === 0).length;
    return {
      n: `${points.length} crashes at ${POINTS.length} points`,
      figures: `${held} of ${points.length} as the table says`,
      breaches: outcomes.flatMap(({ breaches }) => breaches),
      account: sum(outcomes.map(({ account }) => account)),
      kills: points.length,
      recovery: [],
    };
  },
};

type Crash = Pick<Outcome, "account" | "breaches">;

function crashAt({ ground, planted }: Stand, { at, copies: allowed }: Point): Promise<Crash> {
  const script = at === "C9" ? NO_ANSWER_TO_DOT : {};
  return inWorld(ground, { at, script, edit: planted }, async (world) => {
    const sending = heard(sendFor(world, { key: `at-${at}`, to: ["ada@example.com"] }));
    const reached =
      at === "C9"
        ? within(REACH_MS, () => copies(world).length > 0)
        : Promise.race([world.reached.then(() => true), within(REACH_MS, () => false)]);
    const isThere = await reached;
    await world.kill();
    await world.restart();
    await world.leasesRunOut();
    const sent = await sending;
    await drain(world);
    const { account, breaches } = await judge(world, [sent]);
    const own = [
      ...unless(isThere, "never came there"),
      ...unless(account.explained <= allowed, "a second copy that is not allowed here"),
      ...unless(account.accepted === 1, `${account.accepted} recipients accepted, not one`),
      ...breaches,
    ];
    return { account, breaches: own.map((breach) => `${at}: ${breach}`) };
  });
}
