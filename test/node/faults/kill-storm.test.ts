// F01, small: clients send while the Worker is killed again and again at times that nobody chose, and ask again until
// they have their answer. Then both sides of the account are compared. `npm run faults` has the large one.
import { afterAll, beforeAll, expect, it } from "vitest";
import { ENDPOINT, RELAY, storm } from "../../../faults/rows/kill-storm.ts";
import { type Ground, prepareGround } from "./ground.ts";
import { inWorld } from "./world.ts";

/** A delivery whose lease was lost five times is held: four kills show that none needs to be. */
const KILLS = 4;
const RECIPIENTS = 60;

let ground: Ground;
beforeAll(async () => {
  ground = await prepareGround();
});
afterAll(() => ground.remove());

it("a kill storm loses nothing, makes nothing up, and explains every second copy", async () => {
  const outcome = await inWorld(ground, { script: RELAY, hook: ENDPOINT }, (world) =>
    storm(world, { recipients: RECIPIENTS, kills: KILLS, hurried: true }),
  );
  expect(outcome.breaches).toEqual([]);
  const { explained, ...account } = outcome.account;
  expect(account).toEqual({
    accepted: RECIPIENTS,
    lost: 0,
    phantom: 0,
    unexplained: 0,
    eventsLost: 0,
  });
  expect(explained).toBeLessThan(RECIPIENTS);
  expect(outcome.kills).toBe(KILLS);
}, 180_000);
