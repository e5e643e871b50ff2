// What tests of the sending doors stand on: for each test an empty ledger, a sender domain, a key, a relay
// peer, and an App that sends through it.
import { afterEach, beforeEach } from "vitest";
import { type SmtpPeer, startSmtpPeer } from "../peers/client.ts";
import { emptyLedger } from "./ledger.ts";
import { appWithRelay, givenDomain, givenKey, type TestApp } from "./world.ts";

/** What the running test has; a new one each time. */
export type SendingGround = {
  readonly app: () => TestApp;
  readonly key: () => string;
  readonly peer: () => SmtpPeer;
};

/** Sets up each test of the file. */
export function sendingGround(): SendingGround {
  let peer: SmtpPeer;
  let app: TestApp;
  let key = "";
  beforeEach(async () => {
    await emptyLedger();
    await givenDomain("edgepost.test");
    key = (await givenKey()).secret;
    peer = await startSmtpPeer();
    app = appWithRelay(peer, { log() {} });
  });
  afterEach(() => peer.stop());
  return { app: () => app, key: () => key, peer: () => peer };
}
