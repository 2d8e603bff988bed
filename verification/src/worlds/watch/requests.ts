import type { Lease } from "./lease.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** Most requests that a daemon sends in a minute: what its listeners need at their worst, and the steps of its runners' lives. */
const mostAMinute = (sets: number, maxRunners: number): number => 100 * sets + 20 * maxRunners;
/** A job brings so many at most: three messages taken and acknowledged, an acquisition, and a runner's life. */
const A_JOB = 10;
/** Look-ups and asked readings of a runner and a set in a minute: each 404 may ask for a reading at once. */
const ASKING_A_MINUTE = 20;

/** I7: requests are bounded in every failure. */
export function requests(scene: Scene): Check {
  const { facts } = scene;
  const counts = new Map<WatchedDaemon, { minute: number; count: number; asking: number }>();
  /** The largest bounds that a daemon's configurations gave it: what is taken out drains on. */
  const bounds = new Map<WatchedDaemon, { requests: number; asking: number }>();
  /** Refreshes under way, by the life of a daemon and its scale set. */
  const refreshing = new Map<Lease, number>();
  const refresh = (daemon: WatchedDaemon, scaleSetId: number, change: number): void => {
    const lease = facts.lease(daemon, facts.setName(scaleSetId));
    const count = Math.max(0, (refreshing.get(lease) ?? 0) + change);
    refreshing.set(lease, count);
    if (change < 0) return;
    scene.checked("I7 one refresh at a time");
    if (count > 1) scene.broke("I7", `${daemon.name} has ${count} refreshes under way at once`, { scaleSetId });
  };

  /** Jobs that began in a minute and the one before it. */
  const jobs = { minute: 0, begun: 0, before: 0 };
  const thisMinute = (): number => {
    const minute = Math.floor(scene.clock.monotonic() / 60_000);
    if (minute !== jobs.minute) {
      jobs.before = minute === jobs.minute + 1 ? jobs.begun : 0;
      jobs.begun = 0;
      jobs.minute = minute;
    }
    return minute;
  };

  return {
    entry({ subject, event }) {
      if (subject !== "job" || event !== "started") return;
      thisMinute();
      jobs.begun += 1;
    },
    over(daemon, asked) {
      if (asked.kind === "refresh") refresh(daemon, asked.scaleSetId, -1);
    },
    asked(daemon, asked) {
      const minute = thisMinute();
      const seen = counts.get(daemon);
      const of = seen?.minute === minute ? seen : { minute, count: 0, asking: 0 };
      counts.set(daemon, of);
      of.count += 1;
      scene.checked("I7 requests a minute are bounded");
      const sets = daemon.config.scaleSets.length;
      const maximum = daemon.maxRunnersOfAll();
      const before = bounds.get(daemon);
      const most = {
        requests: Math.max(mostAMinute(sets, maximum), before?.requests ?? 0),
        asking: Math.max(sets + maximum, before?.asking ?? 0),
      };
      bounds.set(daemon, most);
      const withJobs = most.requests + A_JOB * (jobs.begun + jobs.before);
      if (of.count > withJobs) scene.broke("I7", `${daemon.name} sends more than ${withJobs} requests in a minute`);
      if (asked.kind === "refresh") refresh(daemon, asked.scaleSetId, 1);
      if (asked.kind === "look-up" || asked.kind === "get-set" || asked.kind === "refresh") {
        of.asking += 1;
        const asking = ASKING_A_MINUTE * (most.asking + jobs.begun + jobs.before);
        scene.checked("I7 look-ups and asked readings a minute are bounded");
        if (of.asking > asking) scene.broke("I7", `${daemon.name} asks more than ${asking} questions in a minute`);
      }
    },
  };
}
