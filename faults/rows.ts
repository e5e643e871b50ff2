// The rows of the fault matrix that this harness runs, in the order of the design (7.2).
import type { Row } from "./row.ts";
import { headers, scanners } from "./rows/attacks.ts";
import { crashPoints } from "./rows/crash-points.ts";
import { d1Away, d1Fails, race } from "./rows/database.ts";
import { keyStorm } from "./rows/keys.ts";
import { killStorm } from "./rows/kill-storm.ts";
import { poison, queueLoses, queueLosesAll, queueRepeats, queueThrows } from "./rows/queue.ts";
import { lateDots, partial, relayAway, relayGone } from "./rows/relay.ts";
import {
  d1Statements,
  gatewayStorm,
  inboundStorm,
  replyEdges,
  restore,
  smtpSteps,
} from "./rows/tests.ts";
import { cronMissed, cronTwice, purge, quotaKilled, skew } from "./rows/time.ts";
import { endpoints, postingKilled } from "./rows/webhooks.ts";
import { zombie } from "./rows/zombie.ts";

export const ROWS: readonly Row[] = [
  killStorm,
  crashPoints,
  gatewayStorm,
  zombie,
  queueRepeats,
  queueLoses,
  queueLosesAll,
  queueThrows,
  poison,
  d1Fails,
  d1Statements,
  d1Away,
  race,
  smtpSteps,
  replyEdges,
  partial,
  lateDots,
  relayAway,
  relayGone,
  endpoints,
  postingKilled,
  cronMissed,
  cronTwice,
  skew,
  purge,
  quotaKilled,
  inboundStorm,
  restore,
  keyStorm,
  headers,
  scanners,
];
