// The bounce codes that customers see (contract 3.7): what each is called and what kind of bounce it
// is. Which reply gets which code is judged in bounce-rules.ts.

/** Hard (the address is bad), soft (this mail, this time), other (not a failed delivery). */
export type BounceType = "h" | "s" | "o";

type Bounce = { readonly label: string; readonly type: BounceType };

/** Every bounce code of contract 3.7. */
export const BOUNCES = {
  0: { label: "non-bounce", type: "o" },
  10: { label: "bad e-mail address", type: "h" },
  20: { label: "temp failure – general", type: "s" },
  21: { label: "temp failure – DNS", type: "s" },
  22: { label: "temp failure – mailbox full", type: "s" },
  23: { label: "temp failure – message too large", type: "s" },
  29: { label: "temp failure – unable to connect", type: "s" },
  30: { label: "bounce with no e-mail address", type: "o" },
  40: { label: "general bounce", type: "s" },
  50: { label: "mail block – general", type: "s" },
  51: { label: "mail block – known spammer", type: "s" },
  52: { label: "mail block – spam detected", type: "s" },
  53: { label: "mail block – attachment detected", type: "s" },
  54: { label: "mail block – relay denied", type: "s" },
  55: { label: "mail block – SPF/DKIM/DMARC", type: "s" },
  59: { label: "mail block – unable to connect", type: "s" },
  60: { label: "auto-reply", type: "o" },
  70: { label: "transient bounce", type: "o" },
  90: { label: "unsubscribe request", type: "o" },
  100: { label: "challenge response", type: "o" },
  110: { label: "over throttle limit", type: "s" },
  120: { label: "queue dumped", type: "o" },
  121: { label: "delivery paused then expired", type: "o" },
  122: { label: "suppressed by system, inactivity", type: "o" },
  123: { label: "blocked by system policy", type: "o" },
  124: { label: "blocked by daily throttle", type: "o" },
} as const satisfies Readonly<Record<number, Bounce>>;

/** A code of contract 3.7. */
export type BounceCode = keyof typeof BOUNCES;

/** The one code that suppresses an address for ever: it does not exist. */
export const BAD_ADDRESS = 10 satisfies BounceCode;

/** The kind of bounce that a code stands for. */
export function bounceType(code: BounceCode): BounceType {
  return BOUNCES[code].type;
}

/** Whether a number read from storage is a code of contract 3.7. */
export function isBounceCode(code: number): code is BounceCode {
  return Object.hasOwn(BOUNCES, code);
}
