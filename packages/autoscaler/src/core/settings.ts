/** How many runners a scale set may have. */
export interface Limits {
  /** Kept beyond what jobs ask for. */
  readonly minRunners: number;
  /** Never launched above. */
  readonly maxRunners: number;
}

/** Every waiting time of the autoscaler, in milliseconds. `defaultTimings` says what each is unless configured. */
export interface Timings {
  /** One step of a provisioner (create, start, destroy, list) may take this long. */
  readonly provisionerStepDeadlineMs: number;
  /** Whole list of a backend, jittered by a fifth; at once when a watch ends. */
  readonly inventoryIntervalMs: number;
  /** Runners beyond the target are retired once there were too many for this long. */
  readonly surplusMs: number;
  /** A runner whose job is completed has this long to exit by itself. */
  readonly completionGraceMs: number;
  /** A removed runner whose registration was unknown is destroyed after this, with an answered poll in between. */
  readonly detachedWaitMs: number;
  /** Another owner's instance that was created and never started is left alone for this long. */
  readonly foreignCreatedMs: number;
  /** The right to act lapses this long after the last answer on the message session. */
  readonly leaseMarginMs: number;
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
  /** No launches for this long after a backend refused the spec or a right was missing. */
  readonly refusedPauseMs: number;
  /** What runs in an instance is asked to end, and forced after this. */
  readonly destroyGraceMs: number;
  /** At a stop, commands under way may take this long to end. */
  readonly stopGraceMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

export const defaultTimings: Timings = {
  provisionerStepDeadlineMs: 60 * SECOND,
  inventoryIntervalMs: 60 * SECOND,
  surplusMs: 60 * SECOND,
  completionGraceMs: 5 * MINUTE,
  detachedWaitMs: 90 * SECOND,
  foreignCreatedMs: 120 * SECOND,
  leaseMarginMs: 65 * SECOND,
  retryMinMs: 5 * SECOND,
  retryMaxMs: 5 * MINUTE,
  unknownRecheckMs: 10 * MINUTE,
  lostConfirmMs: 30 * SECOND,
  recentExitMs: 10 * SECOND,
  sessionReadingMs: 5 * SECOND,
  pollHeldMs: 1 * SECOND,
  refusedPauseMs: 10 * MINUTE,
  destroyGraceMs: 10 * SECOND,
  stopGraceMs: 10 * SECOND,
};
