import type { Asked } from "../request.js";
import { instancesOf } from "./place.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** What a runner started lately may not be known to be. @unit milliseconds */
const SETTLED_MS = 5_000;
/** An exit, and a place that is being given back, count this long as able or free; rounding. @unit milliseconds */
const GIVEN_BACK_MS = 12_000;
/** A lowered capacity is announced this long after its cause: an attempt's own retries, and a poll at most once in 2 s. @unit milliseconds */
const LOWERED_MS = 20_000;
/** Another daemon's instances are known by the next list. @unit milliseconds */
const LISTED_MS = 90_000;
/** From its opening or a change on, a set is healthy after this. @unit milliseconds */
const HEALTHY_MS = 600_000;
/** Too little may be announced for so long: what a runner or a launch has become is known, and a raise waits 2 s. @unit milliseconds */
const RAISED_MS = 15_000;
/** Who can launch nothing has stepped aside by then: 3 min, a list's deadline and an interval, and a poll. @unit milliseconds */
const ASIDE_MS = 8 * 60_000;

interface HostCount {
  readonly atMs: number;
  readonly others: number;
}

/** I8: what is announced is at least 1, and what can be done now. */
export function capacity(scene: Scene): Check {
  const { facts } = scene;
  /** Instances of others on a daemon's host, by daemon and set, lately. */
  const others = new Map<string, HostCount[]>();
  /** When each instance was last seen to live. */
  const livedMs = new Map<string, { readonly identity: string; readonly owner: string; readonly atMs: number }>();
  /** Since when a daemon can launch nothing for a set that has no runner and waits, by daemon and set. */
  const helplessMs = new Map<string, number>();
  /** What the poll under way announces, and since when that is too little, by daemon and set. */
  const polls = new Map<
    string,
    { readonly asked: Asked; readonly announced: number; lowSinceMs: number | undefined }
  >();
  const keyOf = (daemon: WatchedDaemon, scaleSet: string): string => `${daemon.name} ${scaleSet}`;

  return {
    look() {
      const nowMs = scene.clock.monotonic();
      for (const host of scene.hosts) {
        for (const { name, state, labels } of host.instances()) {
          if (state === "exited") continue;
          livedMs.set(name, { identity: labels.identity, owner: labels.owner, atMs: nowMs });
        }
      }
      for (const [name, { atMs }] of livedMs) if (atMs < nowMs - LISTED_MS) livedMs.delete(name);
      for (const daemon of scene.daemons) {
        for (const { name } of daemon.config.scaleSets) {
          const key = keyOf(daemon, name);
          const lately = (others.get(key) ?? []).filter(({ atMs }) => atMs > nowMs - LISTED_MS);
          others.set(key, [...lately, { atMs: nowMs, others: othersOn(daemon, name) }]);
          const helpless =
            daemon.up &&
            facts.launches.of(daemon, name).unableSinceMs !== undefined &&
            facts.jobs.assigned(`${daemon.path}/${name}`) > 0 &&
            instancesOf(scene, daemon, name).every(({ state }) => state === "exited");
          if (!helpless) helplessMs.delete(key);
          else if (!helplessMs.has(key)) helplessMs.set(key, nowMs);
          tooLow(daemon, name);
        }
      }
    },
    asked(daemon, asked) {
      if (asked.kind !== "poll") return;
      const { scaleSetId, capacity: announced } = asked;
      const scaleSet = facts.setName(scaleSetId);
      const about = { scaleSetId };
      const say = (why: string): void =>
        scene.broke("I8", `a poll of ${daemon.name} announces ${announced} of ${scaleSet}: ${why}`, about);
      scene.checked("I8 a poll carries a capacity of at least 1");
      if (!(announced >= 1)) return say("never less than 1");
      const most = mostNow(daemon, scaleSet);
      if (announced > Math.max(1, most.count)) return say(most.why);
      const key = keyOf(daemon, scaleSet);
      polls.set(key, { asked, announced, lowSinceMs: polls.get(key)?.lowSinceMs });
      tooLow(daemon, scaleSet);
      aside(daemon, scaleSet, about);
    },
    over(daemon, asked) {
      if (asked.kind !== "poll") return;
      const poll = polls.get(keyOf(daemon, facts.setName(asked.scaleSetId)));
      if (poll?.asked === asked) polls.delete(keyOf(daemon, facts.setName(asked.scaleSetId)));
    },
  };

  /** More than can be done now, by whatever this daemon was shown. */
  function mostNow(daemon: WatchedDaemon, scaleSet: string): { readonly count: number; readonly why: string } {
    const nowMs = scene.clock.monotonic();
    const all = instancesOf(scene, daemon, scaleSet);
    const lately = livedLately(daemon, scaleSet, GIVEN_BACK_MS);
    scene.checked("I8 never more than the maximum");
    const max = Math.max(daemon.maxRunners(scaleSet), lately);
    // A stale list shows runners that are gone, and each that seems to live is announced.
    const shown = scene.troubles.lastLieMs(["backend"]) < nowMs - LISTED_MS;
    const bounds = [{ count: shown ? max : Number.POSITIVE_INFINITY, why: `at most ${max} may live` }];
    const { unableSinceMs, unableByExit } = facts.launches.of(daemon, scaleSet);
    if (unableSinceMs !== undefined && nowMs - unableSinceMs > (unableByExit ? LISTED_MS : LOWERED_MS)) {
      scene.checked("I8 no room is announced while launches fail");
      // The watch may have missed an exit, until the next list.
      const able = livedLately(daemon, scaleSet, LISTED_MS);
      bounds.push({ count: able, why: `launches fail, and ${able} live` });
    }
    const ceiling = facts.launches.ceiling(daemon, LOWERED_MS);
    if (ceiling !== undefined && daemon.settled) {
      scene.checked("I8 no more than the backend holds");
      const least = Math.min(
        othersOn(daemon, scaleSet),
        ...(others.get(keyOf(daemon, scaleSet)) ?? []).map((o) => o.others),
      );
      const elsewhere = all.length - own(daemon, scaleSet);
      // What lives is announced, also above the ceiling: another daemon may have made it.
      const count = Math.max(ceiling - least + elsewhere, lately);
      bounds.push({ count, why: `its backend holds ${ceiling}, of which others have ${least}` });
    }
    return bounds.reduce((lowest, bound) => (bound.count < lowest.count ? bound : lowest));
  }

  /** For a while: a poll may be sent just before what it would announce is known. */
  function tooLow(daemon: WatchedDaemon, scaleSet: string): void {
    const poll = polls.get(keyOf(daemon, scaleSet));
    if (poll === undefined) return;
    const { count, why } = leastNow(daemon, scaleSet);
    const nowMs = scene.clock.monotonic();
    if (!daemon.up || daemon.pausedAs !== undefined || poll.announced >= count) {
      poll.lowSinceMs = undefined;
      return;
    }
    poll.lowSinceMs ??= nowMs;
    if (nowMs - poll.lowSinceMs < RAISED_MS) return;
    poll.lowSinceMs = undefined;
    const what = `a poll of ${daemon.name} announces ${poll.announced} of ${scaleSet}`;
    scene.broke("I8", `${what} for ${RAISED_MS / 1_000} s: ${why}`, {
      ...("scaleSetId" in poll.asked && { scaleSetId: poll.asked.scaleSetId }),
    });
  }

  /** Less than what lives; or less than a healthy set could do. */
  function leastNow(daemon: WatchedDaemon, scaleSet: string): { readonly count: number; readonly why: string } {
    const lease = facts.lease(daemon, scaleSet);
    const nothing = { count: 1, why: "" };
    if (facts.setsVanished > 0 || lease.decisions === 0 || !daemon.settled) return nothing;
    const nowMs = scene.clock.monotonic();
    const before = scene.clock.now() - SETTLED_MS;
    const identity = daemon.identityOf(scaleSet);
    const here = daemon.host.instances().filter(({ labels }) => labels.identity === identity);
    const able = here.filter(({ name, state, labels, createdAt }) => {
      const runner = facts.byName.get(name);
      const its = state === "started" && labels.owner === daemon.name && createdAt < before;
      return (
        its &&
        runner?.registered === true &&
        !runner.removalAsked &&
        !lease.absent.has(name) &&
        !lease.completedAtMs.has(name)
      );
    }).length;
    if (able > 1) scene.checked("I8 the capacity is the total, never the free places");
    if (Number.isFinite(daemon.mostOfAll()) || facts.launches.wasFull(daemon))
      return { count: able, why: `${able} live` };
    const launches = facts.launches.of(daemon, scaleSet);
    const liedMs = scene.troubles.lastLieMs(["statistics", "backend", "runners", "person", "agents"]);
    const hinderedMs = Math.max(launches.pausedAtMostMs, lease.openedAtMs + HEALTHY_MS, liedMs + HEALTHY_MS);
    // What stopped launches is over once one has started since.
    const stoppedMs = Math.max(launches.lastFailureMs, liedMs);
    if (nowMs < hinderedMs || launches.lastStartMs < stoppedMs) return { count: able, why: `${able} live` };
    scene.checked("I8 a healthy set announces its maximum");
    // A place that a runner of no more use still takes is not announced.
    const useful = here.filter(({ name, state }) => {
      const runner = facts.byName.get(name);
      if (state === "exited" || lease.completedAtMs.has(name)) return false;
      return runner === undefined || (runner.registered && !runner.removalAsked);
    }).length;
    const count = daemon.maxRunners(scaleSet) - (here.length - useful) - facts.lostAndRegistered(daemon, scaleSet);
    return { count: Math.max(able, count), why: `${count} could be done` };
  }

  /** Who can launch nothing closes the session, so that no job is accepted that nobody can run. */
  function aside(daemon: WatchedDaemon, scaleSet: string, about: { readonly scaleSetId: number }): void {
    const sinceMs = helplessMs.get(keyOf(daemon, scaleSet));
    if (sinceMs === undefined) return;
    scene.checked("I8 who can launch nothing steps aside");
    const waitedMs = scene.clock.monotonic() - Math.max(sinceMs, facts.lease(daemon, scaleSet).openedAtMs);
    if (waitedMs <= ASIDE_MS) return;
    const seconds = Math.round(waitedMs / 1_000);
    scene.broke("I8", `${daemon.name} polls for ${scaleSet}, and could launch nothing for ${seconds} s`, about);
  }

  /** Instances of the set that lived so long ago; those of other daemons, as long as a list may not show their end. */
  function livedLately(daemon: WatchedDaemon, scaleSet: string, ownMs: number): number {
    const identity = daemon.identityOf(scaleSet);
    const nowMs = scene.clock.monotonic();
    const names = new Set(
      instancesOf(scene, daemon, scaleSet)
        .filter(({ state }) => state !== "exited")
        .map(({ name }) => name),
    );
    for (const [name, seen] of livedMs) {
      const withinMs = seen.owner === daemon.name ? ownMs : LISTED_MS;
      if (seen.identity === identity && nowMs - seen.atMs <= withinMs) names.add(name);
    }
    return names.size;
  }

  function own(daemon: WatchedDaemon, scaleSet: string): number {
    const identity = daemon.identityOf(scaleSet);
    return daemon.host.instances().filter(({ labels }) => labels.identity === identity).length;
  }

  function othersOn(daemon: WatchedDaemon, scaleSet: string): number {
    const its = daemon.host.instances().filter(({ labels }) => daemon.identities.has(labels.identity));
    return its.length - own(daemon, scaleSet);
  }
}
