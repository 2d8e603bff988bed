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
  detachedWaitMs:
    "A removed runner that the service did not know is destroyed after this, with a poll answered in between.",
  foreignCreatedMs: "An instance that another daemon created and never started is left alone for this long.",
  leaseMs:
    "The right to launch and retire lapses this long after the newest answered call of the message session was sent.",
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
  refusedPauseMs: "Launches pause this long after a provisioner refused the runner spec, or lacked a right.",
  destroyGraceMs: "What runs in an instance is asked to end, and ended by force after this.",
  stopGraceMs: "When the daemon stops, launches and removals under way may take this long to end.",
  ghostConfirmMs:
    "A runner that statistics do not show is taken for a ghost when later statistics, this far apart, miss it too.",
  ghostAskMs: "To find runners that never came online, statistics are asked for at most this often.",
  ghostsBeforeRest: "After so many ghosts one after the other, with no job waiting, ghostRestMs applies. A count.",
  ghostRestMs: "After ghostsBeforeRest ghosts statistics are asked for only this often.",
  fastExitMs: "A runner that exits sooner than this after its start, without a job, has failed.",
  verdictMs: "An exit without a known job is judged at the next answered poll, or after this.",
  breakerFailures: "After so many failed runners one after the other launches pause. A count.",
  breakerMinMs: "First pause of launches after failed runners; it doubles.",
  breakerMaxMs: "Longest pause of launches after failed runners.",
  outdatedProbeMs: "After a runner ended as outdated, one is launched this often to see whether that has changed.",
  refillMs: "Idle runners that exited are replaced one in this time, beyond what jobs ask for.",
  phantomMs:
    "Jobs that wait beside idle runners for this long are taken for the service's mistake: nothing is added for them.",
  unbackedMs: "A job that only a message speaks of, and no statistics, counts as demand for this long.",
  lookUpMs: "Where exits can't be seen, the service is asked about each started runner this often.",
  lookUpConfirmMs:
    "A working runner that the service does not know is taken for done when it says so again this much later.",
  orphanMs: "Runners of a scale set that went away at the service are left alone for at most this long.",
  maxIdleAgeMs: "An idle runner older than this is replaced.",
  maxJobDurationMs:
    "A job that works longer than this is ended by force, with its runner. Counted from when the service told of the job; a runner that an earlier life of the daemon started is asked to go when it is older, and the job that it then turns out to have gets this time from there on.",
  drainDeadlineMs: "Jobs that still work this long after a drain began are ended by force, with their runners.",
};
