import type { Daemon } from "../daemon.js";
import type { Lease } from "./facts.js";
import type { Check, Scene } from "./scene.js";

/** Most requests that a daemon sends in a minute: what its listeners need at their worst, and the steps of its runners' lives. */
const mostAMinute = (sets: number, maxRunners: number): number => 100 * sets + 20 * maxRunners;
/** A job brings so many at most: three messages taken and acknowledged, an acquisition, and a runner's life. */
const A_JOB = 10;
/** What a runner started lately may not be known to be. @unit milliseconds */
const SETTLED_MS = 5_000;

/** I7 and I8: requests are bounded in every failure, and every poll carries the capacity it should. */
export function requests(scene: Scene): Check {
  const { facts } = scene;
  const counts = new Map<Daemon, { minute: number; count: number }>();
  /** The largest bound that a daemon's configurations gave it: what is taken out drains on. */
  const bounds = new Map<Daemon, number>();
  /** Refreshes under way, by the life of a daemon and its scale set. */
  const refreshing = new Map<Lease, number>();
  const refresh = (daemon: Daemon, scaleSetId: number, change: number): void => {
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
      const count = seen?.minute === minute ? seen.count + 1 : 1;
      counts.set(daemon, { minute, count });
      scene.checked("I7 requests a minute are bounded");
      const now = mostAMinute(daemon.config.scaleSets.length, daemon.maxRunnersOfAll());
      const most = Math.max(now, bounds.get(daemon) ?? 0);
      bounds.set(daemon, most);
      const withJobs = most + A_JOB * (jobs.begun + jobs.before);
      if (count > withJobs) scene.broke("I7", `${daemon.name} sends more than ${withJobs} requests in a minute`);
      if (asked.kind === "refresh") refresh(daemon, asked.scaleSetId, 1);
      if (asked.kind === "poll") announced(daemon, asked.scaleSetId, asked.capacity);
    },
  };

  function announced(daemon: Daemon, scaleSetId: number, capacity: number): void {
    const about = { scaleSetId };
    scene.checked("I8 a poll carries a capacity of at least 1");
    if (!(capacity >= 1)) scene.broke("I8", `a poll of ${daemon.name} announces ${capacity}`, about);
    const scaleSet = facts.setName(scaleSetId);
    const live = startedLongAgo(daemon, scaleSet);
    if (live > 1 && facts.setsVanished === 0) {
      scene.checked("I8 the capacity is the total, never the free places");
      if (capacity < live) {
        scene.broke("I8", `a poll of ${daemon.name} announces ${capacity} of ${scaleSet}, and ${live} live`, about);
      }
    }
    const lease = facts.lease(daemon, scaleSet);
    const { rules } = lease;
    const held = ["breaker", "outdated", "drained", "rights"].some((rule) => rules.has(rule));
    // With a shared limit it is its share; after a change what it was a moment ago.
    if (!daemon.settled || Number.isFinite(daemon.mostOfAll())) return;
    if (facts.setsVanished > 0 || held || lease.decisions === 0 || lease.refusedAt !== undefined) return;
    scene.checked("I8 a healthy set announces its maximum");
    // A place that one of no more use to the service still takes is not announced.
    const max = daemon.maxRunners(scaleSet) - unregistered(daemon, lease, scaleSet);
    if (capacity < max) scene.broke("I8", `a poll of ${daemon.name} announces ${capacity}, and may have ${max}`, about);
  }

  function unregistered(daemon: Daemon, lease: Lease, scaleSet: string): number {
    return daemon.host.instances().filter(({ name }) => {
      return daemon.setOf(name) === scaleSet && facts.byName.get(name)?.absentAt.has(lease);
    }).length;
  }

  function startedLongAgo(daemon: Daemon, scaleSet: string): number {
    const identity = daemon.identityOf(scaleSet);
    const before = scene.clock.now() - SETTLED_MS;
    let live = 0;
    for (const { labels, state, createdAt } of daemon.host.instances()) {
      if (state === "started" && labels.identity === identity && labels.owner === daemon.name && createdAt < before) {
        live += 1;
      }
    }
    return live;
  }
}
