/** How many runners a scale set may have. */
export interface Limits {
  /** Kept beyond what jobs ask for. */
  readonly minRunners: number;
  /** Never launched above. */
  readonly maxRunners: number;
}

/**
 * Every waiting time of the autoscaler, in milliseconds where the name ends in `Ms`, else a count. `defaultTimings` says
 * what each is unless configured; `Infinity` is off.
 */
export interface Timings {
  /** One step of a provisioner (create, start, destroy, list) may take this long. */
  readonly provisionerStepDeadlineMs: number;
  /** Whole list of a backend, jittered by a fifth; at once when a watch ends. */
  readonly inventoryIntervalMs: number;
  /** Runners beyond the target are retired once there were too many for this long. */
  readonly surplusMs: number;
  /** A runner whose job is completed has this long to exit by itself. */
  readonly completionGraceMs: number;
  /** The same where its exit can't be seen: a job that was accepted in its place waits for that. */
  readonly completionUnseenMs: number;
  /** A live runner is ended against 404s only after a row of them this long; see `witness.ts`. */
  readonly witnessMs: number;
  /** The same where an open job names it. */
  readonly witnessNamedMs: number;
  /** The newest 404 may be this old when a live runner is ended. */
  readonly witnessFreshMs: number;
  /** Another owner's instance that was created and never started is left alone for this long. */
  readonly foreignCreatedMs: number;
  /** The right to act lapses this long after the newest answered call of the message session was sent. */
  readonly leaseMs: number;
  /** Without a session for this long, what ended or was never started is cleared. */
  readonly sessionLostMs: number;
  /** Another daemon has held the session for this long: idle runners that only this one sees are removed. */
  readonly standbyIdleMs: number;
  /** The same where the service does not name the holder. */
  readonly standbyUnnamedMs: number;
  /** A drained scale set closes its session at the latest after this. */
  readonly drainCloseMs: number;
  /** First and longest pause before a failed removal or destruction is tried again. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** A runner that the service called busy is asked about again no sooner. */
  readonly unknownRecheckMs: number;
  /** An instance is lost when two whole lists this far apart miss it. */
  readonly lostConfirmMs: number;
  /** An exit counts as a runner this long, until a reading that knows of it has come. */
  readonly recentExitMs: number;
  /** A new session's own statistics stand this long, or until a poll was held for `pollHeldMs`. */
  readonly sessionReadingMs: number;
  readonly pollHeldMs: number;
  /** After so many failed launches in a row no more is announced than lives, until a launch has started. */
  readonly blockingFailures: number;
  /** Who can run nothing for this long steps aside: it closes its session. */
  readonly asideMs: number;
  /** Shortest and longest pause between two trials of a set that stepped aside. */
  readonly asideTrialMinMs: number;
  readonly asideTrialMaxMs: number;
  /** A session that is open without polls is refreshed this often. */
  readonly asideRefreshMs: number;
  /** A place of a shared limit is kept this long for a set that comes back for it. */
  readonly reservedPlaceMs: number;
  /** No launches for this long after a backend refused the spec or a right was missing. */
  readonly refusedPauseMs: number;
  /** What runs in an instance is asked to end, and forced after this. */
  readonly destroyGraceMs: number;
  /** At a stop, commands under way may take this long to end. */
  readonly stopGraceMs: number;
  /** Where readings show a runner missing, another one this much later confirms it. */
  readonly ghostConfirmMs: number;
  /** Statistics are asked for beside the messages at most this often a scale set, to find runners that never came online. */
  readonly ghostAskMs: number;
  /** Statistics are asked for at a random moment between these two ages of the newest reading. */
  readonly askedReadingMinMs: number;
  readonly askedReadingMaxMs: number;
  /** Shortest time between two questions for statistics of one scale set. */
  readonly askedReadingGapMs: number;
  /** A runner that exits sooner than this after its start, without a job, has failed. */
  readonly fastExitMs: number;
  /** An exit without a known job is judged at the next answered poll, or after this. */
  readonly verdictMs: number;
  /** The removal of a runner that exited fast, without a known job, is asked for again this long after a 404. */
  readonly exitRecheckMs: number;
  /** From so many unexplained fast exits with 404s in a row on, each counts as a failed runner. */
  readonly neutralExits: number;
  /** So many failed runners one after the other, and launches pause: for the shortest time first, doubling to the longest. */
  readonly breakerFailures: number;
  readonly breakerMinMs: number;
  readonly breakerMaxMs: number;
  /** After a runner ended as outdated, one is launched this often to see whether that has changed. */
  readonly outdatedProbeMs: number;
  /** Idle runners that exited are replaced one in this time, beyond what jobs ask for. */
  readonly refillMs: number;
  /** After so many idle exits in a row while jobs wait, `refillMs` also limits launches for jobs. */
  readonly idleExitsInRow: number;
  /** Jobs that wait beside idle runners for this long are taken for a mistake of the service: nothing is added for them. */
  readonly phantomMs: number;
  /** A job that only a message speaks of, and no statistics, counts as demand for this long. */
  readonly unbackedMs: number;
  /** The service is asked about a runner this often where exits can't be seen, and where it answered 404. */
  readonly lookUpMs: number;
  /** The service is asked about every other started runner this often. */
  readonly idleLookUpMs: number;
  /** Time between the two 404s that take a runner without a known job for detached. */
  readonly lookUpConfirmMs: number;
  /** The removal of a runner that ended with an unexplained 404 is asked for once more after this. */
  readonly secondRemovalMs: number;
  /** Runners of a scale set that went away are left alone for this long. */
  readonly orphanMs: number;
  /** An idle runner older than this is replaced. Off unless set. */
  readonly maxIdleAgeMs: number;
  /** A job that works longer than this is ended by force, with its runner. Off unless set. */
  readonly maxJobDurationMs: number;
  /** Jobs that still work so long after a drain began are ended by force, with their runners. Off unless set. */
  readonly drainDeadlineMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const OFF = Number.POSITIVE_INFINITY;

/**
 * What is left of the lease when a call to the service begins: its deadline is what is left, and a shorter one would cut
 * off calls that succeed. @unit milliseconds
 */
export const CALL_NEEDS_MS = 15_000;

export const defaultTimings: Timings = {
  provisionerStepDeadlineMs: 60 * SECOND,
  inventoryIntervalMs: 60 * SECOND,
  surplusMs: 60 * SECOND,
  completionGraceMs: 5 * MINUTE,
  completionUnseenMs: 60 * SECOND,
  witnessMs: 30 * MINUTE,
  witnessNamedMs: 6 * 60 * MINUTE,
  witnessFreshMs: 2 * MINUTE,
  foreignCreatedMs: 120 * SECOND,
  leaseMs: 50 * SECOND,
  sessionLostMs: 30 * SECOND,
  standbyIdleMs: 5 * MINUTE,
  standbyUnnamedMs: 30 * MINUTE,
  drainCloseMs: 40 * MINUTE,
  retryMinMs: 5 * SECOND,
  retryMaxMs: 5 * MINUTE,
  unknownRecheckMs: 10 * MINUTE,
  lostConfirmMs: 30 * SECOND,
  recentExitMs: 10 * SECOND,
  sessionReadingMs: 5 * SECOND,
  pollHeldMs: 1 * SECOND,
  blockingFailures: 3,
  asideMs: 3 * MINUTE,
  asideTrialMinMs: 1 * MINUTE,
  asideTrialMaxMs: 10 * MINUTE,
  asideRefreshMs: 30 * SECOND,
  reservedPlaceMs: 30 * SECOND,
  refusedPauseMs: 10 * MINUTE,
  destroyGraceMs: 10 * SECOND,
  stopGraceMs: 10 * SECOND,
  ghostConfirmMs: 60 * SECOND,
  ghostAskMs: 60 * SECOND,
  askedReadingMinMs: 4 * MINUTE,
  askedReadingMaxMs: 5 * MINUTE,
  askedReadingGapMs: 10 * SECOND,
  fastExitMs: 30 * SECOND,
  verdictMs: 75 * SECOND,
  exitRecheckMs: 30 * SECOND,
  neutralExits: 10,
  breakerFailures: 3,
  breakerMinMs: 10 * SECOND,
  breakerMaxMs: 10 * MINUTE,
  outdatedProbeMs: 30 * MINUTE,
  refillMs: 60 * SECOND,
  idleExitsInRow: 3,
  phantomMs: 10 * MINUTE,
  unbackedMs: 15 * MINUTE,
  lookUpMs: 5 * MINUTE,
  idleLookUpMs: 15 * MINUTE,
  lookUpConfirmMs: 60 * SECOND,
  secondRemovalMs: 60 * MINUTE,
  orphanMs: 6 * 60 * MINUTE,
  maxIdleAgeMs: OFF,
  maxJobDurationMs: OFF,
  drainDeadlineMs: OFF,
};
