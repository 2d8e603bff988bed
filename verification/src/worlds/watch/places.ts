import { canTakeAJob, contenders, hasPlace, instancesOf, wronglyNamed } from "./place.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

const LOOK_MS = 5_000;
/** Over the boot deadline, within which a replacement is started (I3), and for steps and lists on the way. @unit milliseconds */
const REPLACED_MS = 120_000;
const SLACK_MS = 60_000;
/** The service and its statistics say what is true for so long, before I3 is promised. @unit milliseconds */
const TRUTHFUL_MS = 600_000;
/** A message that never comes is made up for by a reading that is asked for. @unit milliseconds */
const ASKED_READING_MS = 330_000;
/** Who cannot work steps aside, and the next one takes over. @unit milliseconds */
const HANDOVER_MS = 600_000;
/** Messages and look-ups may be false: one of the two, and nothing else. */
const JUDGED_LIARS = ["messages", "agents"] as const;

interface SetPlaces {
  /** Since when jobs wait for more runners than there are, and a place could run them, by daemon. */
  readonly unmetMs: Map<WatchedDaemon, number>;
  /** Since when there is a place, and nothing that would excuse a pause. */
  placeMs: number | undefined;
  /** Stretches of such times that are over. */
  readonly stretches: { readonly fromMs: number; readonly toMs: number }[];
}

/**
 * I3 from outside: while more jobs wait than runners can take and a place could run them, one is started within the
 * boot deadline + 2 min. What the daemon says of itself plays no part.
 */
export class Places implements Check {
  readonly #scene: Scene;
  readonly #sets = new Map<string, SetPlaces>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  look(): void {
    const { facts } = this.#scene;
    const keys = new Set([...facts.jobs.keys(), ...this.#sets.keys()]);
    for (const key of keys) if (key !== "") this.#lookAt(key);
  }

  /** The longest time since then for which a place could have run a job of the set, without a pause that the law allows. */
  longestPlaceMs(key: string, sinceMs: number): number {
    const set = this.#sets.get(key);
    if (set === undefined) return 0;
    const nowMs = this.#scene.clock.monotonic();
    const open = set.placeMs === undefined ? [] : [{ fromMs: set.placeMs, toMs: nowMs }];
    return [...set.stretches, ...open].reduce(
      (longest, { fromMs, toMs }) => Math.max(longest, toMs - Math.max(fromMs, sinceMs)),
      0,
    );
  }

  #lookAt(key: string): void {
    const { facts } = this.#scene;
    const set = this.#sets.get(key) ?? { unmetMs: new Map(), placeMs: undefined, stretches: [] };
    this.#sets.set(key, set);
    const all = contenders(this.#scene, key);
    const waiting = facts.jobs.waiting(key);
    const [first] = all;
    if (first === undefined) return;
    const bootMs = first.daemon.host.capabilities.bootDeadlineMs;
    const able = instancesOf(this.#scene, first.daemon, first.scaleSet).filter((each) =>
      canTakeAJob(this.#scene, each, bootMs),
    ).length;
    const unmet = waiting > able + wronglyNamed(this.#scene, key);
    const placed = all.filter(({ daemon, scaleSet }) => unmet && hasPlace(this.#scene, daemon, scaleSet));
    for (const { daemon } of all) {
      if (!placed.some((each) => each.daemon === daemon)) set.unmetMs.delete(daemon);
      else if (!set.unmetMs.has(daemon)) set.unmetMs.set(daemon, this.#scene.clock.monotonic());
    }
    this.#stretch(set, placed);
    if (placed.length > 0) this.#judge(key, set, placed, bootMs);
  }

  /** A time in which a place could have run a job, by the shortest pauses. */
  #stretch(set: SetPlaces, placed: readonly { daemon: WatchedDaemon; scaleSet: string }[]): void {
    const { facts, troubles, clock } = this.#scene;
    const nowMs = clock.monotonic();
    const lying = troubles.lastLieMs(["service", "statistics", "person", "clock"]) > nowMs - 60_000;
    const well = placed.some(({ daemon, scaleSet }) => {
      const { state, openedAtMs } = facts.lease(daemon, scaleSet);
      const holds = state === "held" && nowMs - openedAtMs > 10_000;
      return holds && facts.launches.of(daemon, scaleSet).pausedMs <= nowMs;
    });
    if (well && !lying && this.#oneLiar(nowMs - TRUTHFUL_MS)) {
      set.placeMs ??= nowMs;
    } else if (set.placeMs !== undefined) {
      set.stretches.push({ fromMs: set.placeMs, toMs: nowMs - LOOK_MS });
      if (set.stretches.length > 50) set.stretches.shift();
      set.placeMs = undefined;
    }
  }

  #judge(
    key: string,
    { unmetMs }: SetPlaces,
    placed: readonly { daemon: WatchedDaemon; scaleSet: string }[],
    bootMs: number,
  ): void {
    const { facts, troubles, clock } = this.#scene;
    const nowMs = clock.monotonic();
    const truthfulMs = troubles.lastLieMs(["service", "statistics", "person", "clock"]) + TRUTHFUL_MS;
    if (nowMs < truthfulMs || !this.#oneLiar(nowMs - TRUTHFUL_MS)) return;
    const lastStartMs = Math.max(
      ...contenders(this.#scene, key).map(({ daemon, scaleSet }) => facts.launches.of(daemon, scaleSet).lastStartMs),
    );
    this.#scene.checked("I3 waiting jobs get a runner");
    const deaf = troubles.liarsSince(nowMs - TRUTHFUL_MS).has("messages");
    for (const { daemon, scaleSet } of placed) {
      const holds = facts.lease(daemon, scaleSet).state === "held";
      const sinceMs = Math.max(
        unmetMs.get(daemon) ?? nowMs,
        lastStartMs,
        truthfulMs,
        facts.launches.of(daemon, scaleSet).pausedAtMostMs,
      );
      const withinMs = bootMs + REPLACED_MS + SLACK_MS + (holds ? 0 : HANDOVER_MS) + (deaf ? ASKED_READING_MS : 0);
      if (nowMs - sinceMs < withinMs) continue;
      const seconds = Math.round((nowMs - sinceMs) / 1_000);
      const how = holds ? "which holds the session" : "which would take the session over";
      const scaleSetId = [...facts.setNames.keys()].filter((id) => facts.keyOf(id) === key).at(-1);
      this.#scene.broke("I3", `jobs of ${key} wait for ${seconds} s, with a place at ${daemon.name}, ${how}`, {
        scaleSetId,
      });
      return;
    }
  }

  #oneLiar(fromMs: number): boolean {
    const liars = this.#scene.troubles.liarsSince(fromMs);
    return JUDGED_LIARS.filter((liar) => liars.has(liar)).length <= 1;
  }
}
