import type { JournalEntry } from "../journal/entry.js";

/** What is checked, and the invariant of which each is the part that the service can see. */
export const checks = {
  "busy-runner-killed": "I2: a runner was destroyed while it had a job, or its job was given up",
  "destroyed-before-deregistered":
    "I2: an idle runner was ended first and deregistered afterwards; a job may have been given to it in between",
  "over-capacity": "I3: a JIT config was asked for while as many runners lived as the set had announced",
  "demand-unserved": "I3: an assigned job got no runner in time, although the announced capacity had room",
  "registration-leaked": "I4: a JIT config was neither used nor its registration removed",
  "jit-config-reused": "I4: one JIT config was given to two runners",
  "name-reused": "I4, F15: a runner name was asked for again; after a lost answer only a new one is safe",
  "acknowledged-unseen": "I5: a message was acknowledged that was never handed out",
  "never-acknowledged": "I5: a message was handed out again and again, and never acknowledged",
  "session-abandoned": "I6: a session ended because nobody polled, not because its owner closed it",
  "never-came-back": "I1: jobs wait, and nobody opened a session again",
  "request-storm": "I7: more failing, empty or token calls in a minute than any wait between them allows",
  "launch-loop": "I7: runners were launched again and again, and none had a job",
  "capacity-not-announced": "I8: a poll announced no capacity, or 0",
  "acted-without-session": "I11: a JIT config was asked for without holding the set's session",
  "malformed-request": "protocol: a request that the service refuses as malformed, or does not know",
  "jobs-left": "the run ended, and jobs had not",
} as const;

export type CheckName = keyof typeof checks;

export const checkNames = Object.keys(checks).filter((name): name is CheckName => name in checks);

/** A check that failed, once for each thing it failed on. */
export interface Violation {
  readonly check: CheckName;
  /** By the simulator's clock. @unit milliseconds since the epoch */
  readonly atMs: number;
  readonly scaleSetId: number | undefined;
  /** What happened, in words. */
  readonly message: string;
  /** What led to it, oldest first. */
  readonly events: readonly JournalEntry[];
}

/** How long things may take before they count as broken. */
export interface CheckLimits {
  /** A registration may be without a runner for so long. @unit milliseconds @default 900_000 */
  readonly leakedMs: number;
  /** A set with waiting jobs may be without a session for so long. @unit milliseconds @default 300_000 */
  readonly absentMs: number;
  /** The same for a set whose session was closed on purpose: who can run nothing leaves it to others for a while. @unit milliseconds @default 900_000 */
  readonly asideMs: number;
  /** A message may be handed out again for so long. @unit milliseconds @default 900_000 */
  readonly unacknowledgedMs: number;
  /** After its session ended, a client may act on for so long: it may not know yet. @unit milliseconds @default 90_000 */
  readonly lapsedMs: number;
  /** After a fault struck, what fails is nobody's fault for so long. @unit milliseconds @default 300_000 */
  readonly excusedMs: number;
  /** After runners of a deprecated version are accepted again, nobody needs to find that out sooner. @unit milliseconds @default 2_100_000 */
  readonly probeMs: number;
  /** Failed or empty calls of one kind in a minute, a scale set. @default 60 */
  readonly failedCallsPerMinute: number;
  /** Runners in a row that may go without a job within ten minutes, a scale set; never less than twice what it announced. @default 60 */
  readonly uselessLaunches: number;
  /** Token calls of one kind in a minute. @default 60 */
  readonly tokenCallsPerMinute: number;
}

export const defaultCheckLimits: CheckLimits = {
  leakedMs: 900_000,
  absentMs: 300_000,
  asideMs: 900_000,
  unacknowledgedMs: 900_000,
  lapsedMs: 90_000,
  excusedMs: 300_000,
  probeMs: 2_100_000,
  failedCallsPerMinute: 60,
  uselessLaunches: 60,
  tokenCallsPerMinute: 60,
};
