import type { Timings } from "../core/settings.js";

/**
 * What each waiting time does, for errors, the JSON Schema and the reference page. A new one without a description does
 * not compile. What ends in `Ms` is in milliseconds; the rest are counts.
 */
export const timingDescriptions: Readonly<Record<keyof Timings, string>> = {
  provisionerStepDeadlineMs: "One step of a provisioner (create, start, destroy, list) may take this long.",
  inventoryIntervalMs: "All instances are listed this often, jittered by a fifth; at once when a watch ends.",
  surplusMs: "Idle runners beyond the target are retired once there were too many for this long.",
  completionGraceMs: "A runner whose job is completed has this long to exit by itself.",
  completionUnseenMs:
    "The same where its exit can't be seen. The next job may have been assigned to its place already.",
  witnessMs:
    "A live runner that the service does not know is ended only when every look-up of this time said so, and statistics leave no job for it.",
  witnessNamedMs: "The same as witnessMs, for a runner that an open job names.",
  witnessFreshMs: "When a live runner is ended against 404s, the newest of them may be this old.",
  foreignCreatedMs: "An instance that another daemon created and never started is left alone for this long.",
  leaseMs:
    "The right to launch and retire lapses this long after the newest answered call of the message session was sent. Between 20000 and 50000.",
  sessionLostMs: "Without a message session for this long, own instances that ended or were never started are cleared.",
  standbyIdleMs:
    "Own idle runners that no other daemon can see are removed once another one has held the session for this long.",
  standbyUnnamedMs: "The same as standbyIdleMs, where the service does not name the holder of the session.",
  drainCloseMs: "A scale set that is drained closes its message session at the latest after this.",
  retryMinMs: "First pause before a failed removal or destruction is tried again; it doubles.",
  retryMaxMs: "Longest pause before a failed removal or destruction is tried again.",
  unknownRecheckMs: "A runner that the service called busy is asked about again no sooner than this.",
  lostConfirmMs: "An instance is taken for lost when two whole lists at least this far apart miss it.",
  recentExitMs: "A runner that exited counts as able at most this long, until statistics that know of it have come.",
  sessionReadingMs: "Statistics that came with a new session stand this long, or until a poll was held.",
  pollHeldMs: "A poll that the service held this long shows that it has nothing newer to say.",
  blockingFailures:
    "After so many failed launches in a row no more capacity is announced than lives, until a launch has started. A count.",
  asideMs: "A scale set that can run nothing for this long closes its session, so that another daemon may have it.",
  asideTrialMinMs:
    "First pause before a scale set that stepped aside tries to work again; it doubles. Meanwhile its provisioner is checked this often.",
  asideTrialMaxMs: "Longest pause before a scale set that stepped aside tries to work again.",
  asideRefreshMs: "While such a trial lasts, its session is refreshed this often.",
  reservedPlaceMs: "A place under limits.maxRunners is kept this long for a scale set that comes back for it.",
  refusedPauseMs: "Launches pause this long after a provisioner refused the runner spec, or lacked a right.",
  destroyGraceMs: "What runs in an instance is asked to end, and ended by force after this.",
  stopGraceMs: "When the daemon stops, launches and removals under way may take this long to end.",
  ghostConfirmMs:
    "A runner that statistics do not show is taken for a ghost when later statistics, this far apart, miss it too.",
  ghostAskMs: "To find runners that never came online, statistics are asked for at most this often.",
  askedReadingMinMs: "Statistics are asked for when the newest are between this and askedReadingMaxMs old, at random.",
  askedReadingMaxMs: "Statistics are asked for when the newest are between askedReadingMinMs and this old, at random.",
  askedReadingGapMs: "Shortest time between two questions for the statistics of one scale set.",
  fastExitMs: "A runner that exits sooner than this after its start, without a job, has failed.",
  verdictMs: "An exit without a known job is judged at the next answered poll, or after this.",
  exitRecheckMs:
    "The removal of a runner that exited fast without a known job is asked for again this long after a 404.",
  neutralExits:
    "From so many fast exits in a row on that neither a job nor the service explains, each counts as a failed runner. A count.",
  breakerFailures: "After so many failed runners one after the other launches pause. A count.",
  breakerMinMs: "First pause of launches after failed runners; it doubles.",
  breakerMaxMs: "Longest pause of launches after failed runners.",
  outdatedProbeMs: "After a runner ended as outdated, one is launched this often to see whether that has changed.",
  refillMs: "Idle runners that exited are replaced one in this time, beyond what jobs ask for.",
  idleExitsInRow:
    "After so many idle exits in a row while jobs wait, refillMs also limits launches that jobs ask for. A count.",
  phantomMs:
    "Jobs that wait beside idle runners for this long are taken for the service's mistake: nothing is added for them.",
  unbackedMs: "A job that only a message speaks of, and no statistics, counts as demand for this long.",
  lookUpMs: "Where exits can't be seen, and after a 404, the service is asked about a runner this often.",
  idleLookUpMs: "The service is asked about every other started runner this often.",
  lookUpConfirmMs: "A runner without a known job counts as detached after two 404s this far apart.",
  secondRemovalMs: "The removal of a runner that ended with an unexplained 404 is asked for once more after this.",
  orphanMs: "Runners of a scale set that went away at the service are left alone for at most this long.",
  maxIdleAgeMs: "An idle runner older than this is replaced.",
  maxJobDurationMs:
    "A job that works longer than this is ended by force, with its runner. Counted from when the service told of the job; a runner that an earlier life of the daemon started is asked to go when it is older, and the job that it then turns out to have gets this time from there on.",
  drainDeadlineMs: "Jobs that still work this long after a drain began are ended by force, with their runners.",
};
