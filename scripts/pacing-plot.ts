// Simulates a pool that warms up towards a provider which slows it down for a while, with nothing but the pure
// functions that pace real mail, and draws it. `node scripts/pacing-plot.ts` writes docs/pacing.svg; a test says
// when that is not what the functions do any more.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { factorAt, NO_OUTCOMES } from "../src/deliver/slow-down.ts";
import { ended, lease, viewOf } from "../src/deliver/throttle.ts";
import { NEW_THROTTLE } from "../src/deliver/throttle-state.ts";
import { DEFAULT_THROTTLE } from "../src/model/throttle.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAYS = 14;
const START = Date.UTC(2026, 0, 1);

/** Every minute so many messages come to be sent, day and night. */
const WANTED_A_MINUTE = 8;

/** From this hour on, for so many, the provider takes 4 messages a minute and defers the rest with 421 4.7.0. */
const TROUBLE = { from: 9 * 24, hours: 9, takes: 4 } as const;

/** On this day so much of what is sent bounces. */
const BAD_DAY = 4;
const BAD_PART = 0.08;

/** What a simulated hour came to. */
export type SimulatedHour = {
  readonly hour: number;
  /** Messages let through, and how many the warm-up lets through in this day; null when it is over. */
  readonly sent: number;
  readonly allowance: number | null;
  readonly deferred: number;
  readonly waiting: number;
  /** The smallest part of the settings that held, 0 to 1. */
  readonly factor: number;
};

/** Runs it: always the same. */
export function simulate(): readonly SimulatedHour[] {
  const settings = { ...DEFAULT_THROTTLE, warmUp: true };
  let throttle = NEW_THROTTLE;
  let waiting = 0;
  let bouncing = 0;
  return Array.from({ length: DAYS * 24 }, (_, hour) => {
    const trouble = hour >= TROUBLE.from && hour < TROUBLE.from + TROUBLE.hours;
    const day = Math.floor(hour / 24);
    let sent = 0;
    let deferred = 0;
    let slowest = 1;
    for (let minute = 0; minute < 60; minute++) {
      const now = START + hour * HOUR + minute * MINUTE;
      waiting += WANTED_A_MINUTE;
      const id = `run-${now}`;
      const ask = { id, lane: "marketing", slots: 4, messages: waiting, unspent: 0 } as const;
      const answer = lease(throttle, settings, { ...ask, outcomes: NO_OUTCOMES }, now);
      throttle = answer.throttle;
      if (answer.grant.kind === "full") continue;
      const tried = Math.min(waiting, answer.grant.messages ?? waiting);
      const refused = trouble ? Math.max(0, tried - TROUBLE.takes) : 0;
      bouncing += day === BAD_DAY ? tried * BAD_PART : 0;
      const bounced = Math.floor(bouncing);
      bouncing -= bounced;
      const outcomes = { attempts: tried, deferred: refused, bounced, throttled: refused };
      const unspent = Math.max(0, (answer.grant.messages ?? tried) - tried);
      throttle = ended(throttle, settings, { id, unspent, outcomes }, now);
      waiting -= tried - refused;
      sent += tried - refused;
      deferred += refused;
      slowest = Math.min(slowest, factorAt(throttle, settings, now));
    }
    const end = START + (hour + 1) * HOUR - 1;
    const { warmUp } = viewOf(throttle, settings, end);
    const allowance = warmUp?.allowance ?? null;
    return { hour, sent, allowance, deferred, waiting, factor: slowest };
  });
}

const WIDTH = 900;
const PANEL = 150;
const LEFT = 70;
const GAP = 50;

/** The simulation as an SVG image: a panel for each of what is sent, deferred, and the pace. */
export function plot(hours: readonly SimulatedHour[]): string {
  const panels = [
    panel(0, "messages an hour", hours, [
      { color: "#1a6", of: ({ sent }) => sent },
      { color: "#888", of: ({ allowance }) => (allowance === null ? null : allowance / 24) },
    ]),
    panel(1, "deferred an hour", hours, [{ color: "#c33", of: ({ deferred }) => deferred }]),
    panel(2, "pace, % of the settings", hours, [
      { color: "#26c", of: ({ factor }) => factor * 100 },
    ]),
    panel(3, "waiting", hours, [{ color: "#a6a", of: ({ waiting }) => waiting }]),
  ];
  const height = 4 * (PANEL + GAP) + 20;
  const texts = `font-family="sans-serif" font-size="12" fill="#333"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${texts}>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...panels,
    `<text x="${LEFT}" y="${height - 6}">days since the pool was new; grey: what the warm-up lets through, spread over the day</text>`,
    "</svg>",
    "",
  ].join("\n");
}

type Line = {
  readonly color: string;
  readonly of: (hour: SimulatedHour) => number | null;
};

function panel(
  index: number,
  title: string,
  hours: readonly SimulatedHour[],
  lines: readonly Line[],
): string {
  const top = 30 + index * (PANEL + GAP);
  const width = WIDTH - LEFT - 20;
  const [first] = lines;
  const most = Math.max(1, ...hours.map((one) => first?.of(one) ?? 0));
  const x = (hour: number) => (LEFT + (hour / hours.length) * width).toFixed(1);
  const y = (value: number) => (top + PANEL - (Math.min(value, most) / most) * PANEL).toFixed(1);
  const drawn = lines.map(({ color, of }) => {
    const points = hours.flatMap((one) => {
      const value = of(one);
      return value === null ? [] : [`${x(one.hour)},${y(value)}`];
    });
    return `<polyline fill="none" stroke="${color}" stroke-width="1.5" points="${points.join(" ")}"/>`;
  });
  const days = Array.from({ length: DAYS + 1 }, (_, day) => {
    const at = x(day * 24);
    const line = `<line x1="${at}" y1="${top}" x2="${at}" y2="${top + PANEL}" stroke="#eee"/>`;
    return `${line}<text x="${at}" y="${top + PANEL + 16}" text-anchor="middle">${day}</text>`;
  });
  return [
    ...days,
    `<text x="${LEFT}" y="${top - 8}">${title}</text>`,
    `<text x="${LEFT - 8}" y="${top + 10}" text-anchor="end">${Math.round(most)}</text>`,
    `<text x="${LEFT - 8}" y="${top + PANEL}" text-anchor="end">0</text>`,
    ...drawn,
  ].join("\n");
}

/** Where the image is kept. */
export const PLOT_FILE = fileURLToPath(new URL("../docs/pacing.svg", import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PLOT_FILE, plot(simulate()));
