import type { Settings } from "./stage.js";

/** What happens to the daemon that holds the session. */
type Blow =
  /** SIGKILL; it is started again at once, and no other daemon is there. */
  | { readonly kind: "restart" }
  /** SIGKILL while another daemon stands by; it is started again once that one has taken over. */
  | { readonly kind: "takeover" }
  /** SIGSTOP, and SIGCONT after a while, with another daemon that stands by. */
  | { readonly kind: "stop"; readonly forMs: number };

export interface Case {
  readonly name: string;
  readonly blow: Blow;
  readonly settings: Settings;
  readonly jobs: number;
  /** Jobs are queued over this time. @unit milliseconds */
  readonly feedMs: number;
  /** The longest that a restarted daemon, or the other one, may need to hold the session; undefined where none needs to. @unit milliseconds */
  readonly serveLimitMs: number | undefined;
  /** After this nothing idle is left on the first machine. @unit milliseconds */
  readonly settleMs: number;
  /** The blow falls once all jobs have ended and only idle runners are left; else while jobs come in. */
  readonly whenIdle: boolean;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** From a kill to serving, for a daemon that is started again at once. */
const RESTART_MS = 3 * SECOND;
/** The same where other cases and tests run beside it: starting a process alone takes seconds then. */
const BUSY_RESTART_MS = 15 * SECOND;
/** A standby asks for the session again after at most this. */
const STANDBY_MS = 30 * SECOND;

/**
 * With the default timings but for the lease: the service ends sessions after 20 s of silence, so that a stop of 66 s is a
 * takeover, too, and the lease is over by then. Were it longer, who is stopped for 30 s would rightly launch afterwards.
 */
const real: Settings = {
  maxRunners: 4,
  minRunners: 2,
  sessionTimeoutMs: 20 * SECOND,
  pollHoldMs: 10 * SECOND,
  timings: { leaseMs: 20 * SECOND },
};

/** The same in less time: lease, expiry and waits are shortened together. */
const quick: Settings = {
  ...real,
  sessionTimeoutMs: 20 * SECOND,
  pollHoldMs: 5 * SECOND,
  timings: { leaseMs: 20 * SECOND, standbyIdleMs: 5 * SECOND, surplusMs: 5 * SECOND, inventoryIntervalMs: 5 * SECOND },
};

const none = { minRunners: 0, timings: { surplusMs: 5 * SECOND, inventoryIntervalMs: 5 * SECOND } };

/** Expiry counts from the end of a held poll. */
function takeoverLimit({ sessionTimeoutMs, pollHoldMs }: Settings): number {
  return sessionTimeoutMs + pollHoldMs + STANDBY_MS + RESTART_MS;
}

function stop(settings: Settings, forMs: number, settleMs: number): Case {
  return {
    name: `SIGSTOP for ${forMs / SECOND} s`,
    blow: { kind: "stop", forMs },
    settings,
    jobs: 40,
    feedMs: forMs + 30 * SECOND,
    // A shorter stop may end before the service gives the session up.
    serveLimitMs: forMs >= takeoverLimit(settings) ? takeoverLimit(settings) : undefined,
    settleMs,
    whenIdle: false,
  };
}

/** The stopped machine keeps its idle runners until its daemon goes on and clears them as a standby. */
function stopIdle(settings: Settings, forMs: number, settleMs: number): Case {
  const plain = stop(settings, forMs, settleMs);
  return { ...plain, name: `${plain.name}, idle`, feedMs: 20 * SECOND, whenIdle: true };
}

function kills(settings: Settings, restartMs: number): Case[] {
  const withoutMinimum = { ...settings, ...none, timings: { ...settings.timings, ...none.timings } };
  const common = { settings: withoutMinimum, jobs: 40, settleMs: 3 * MINUTE, whenIdle: false };
  return [
    { ...common, name: "SIGKILL, restart", blow: { kind: "restart" }, feedMs: 15 * SECOND, serveLimitMs: restartMs },
    {
      ...common,
      name: "SIGKILL, standby",
      blow: { kind: "takeover" },
      feedMs: 30 * SECOND,
      serveLimitMs: takeoverLimit(withoutMinimum),
    },
  ];
}

/** In rounds: the cases of a round run at the same time. A restart is measured alone. */
export const fullForm: readonly (readonly Case[])[] = [
  kills(real, RESTART_MS).slice(0, 1),
  [
    ...kills(real, RESTART_MS).slice(1),
    ...[30, 66, 150].map((seconds) => stop(real, seconds * SECOND, 10 * MINUTE)),
    stopIdle(real, 66 * SECOND, 10 * MINUTE),
  ],
];

export const shortForm: readonly (readonly Case[])[] = [
  [...kills(quick, BUSY_RESTART_MS), stopIdle(quick, 55 * SECOND, MINUTE)],
];
