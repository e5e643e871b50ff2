// Relays and their health in SQL.
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import {
  deleteRelay,
  forgetFailures,
  insertRelay,
  listRelays,
  noteFailure,
  relayNameTaken,
  type StoredRelay,
} from "../../src/store/relay.ts";
import { emptyLedger } from "../support/ledger.ts";

const db = env.DB;
beforeEach(emptyLedger);

const RELAY: StoredRelay = {
  id: "b",
  name: "O'Relay",
  host: "smtp.example.com",
  port: 465,
  tls: "implicit",
  username: "ü",
  verp: true,
  createdAt: 1,
  sealedPassword: "c2VhbGVk",
};

describe("relays", () => {
  it("come back as they were stored, in the order they were made", async () => {
    const others = [
      { ...RELAY, id: "a", name: "second", createdAt: 2, username: null, sealedPassword: null },
      { ...RELAY, id: "c", name: "third", verp: false, createdAt: 2 },
    ];
    for (const relay of [...others.toReversed(), RELAY]) await insertRelay(db, relay);
    const { relays, health } = await listRelays(db);
    expect(relays).toEqual([RELAY, ...others]);
    expect([...health]).toEqual([]);
  });

  it("have names of their own", async () => {
    await insertRelay(db, RELAY);
    const taken = ["O'Relay", "o'relay", "", "%"].map((name) => relayNameTaken(db, name));
    expect(await Promise.all(taken)).toEqual([true, false, false, false]);
  });
});

describe("the health of a relay", () => {
  const BAD = { failures: 1, asideUntil: null, reason: "refused" };
  const WORSE = { failures: 3, asideUntil: 9_000, reason: "timed out" };

  it("is what was noted last, until it is forgotten", async () => {
    await noteFailure(db, "b", BAD);
    await noteFailure(db, "default", BAD);
    await noteFailure(db, "b", WORSE);
    expect([...(await listRelays(db)).health]).toEqual([
      ["b", WORSE],
      ["default", BAD],
    ]);
    await forgetFailures(db, "b");
    await forgetFailures(db, "b");
    expect([...(await listRelays(db)).health.keys()]).toEqual(["default"]);
  });

  it("goes with the relay, and nobody else's does", async () => {
    await insertRelay(db, RELAY);
    await noteFailure(db, "b", BAD);
    await noteFailure(db, "default", BAD);
    expect([await deleteRelay(db, "x"), await deleteRelay(db, "b")]).toEqual([false, true]);
    expect(await deleteRelay(db, "b")).toBe(false);
    const { relays, health } = await listRelays(db);
    expect([relays, [...health.keys()]]).toEqual([[], ["default"]]);
  });
});
