import { isBackendError } from "@scaleset/provisioner";
import type { Asked } from "../request.js";
import type { Answered } from "./events.js";
import type { BackendCall, WatchedDaemon } from "./scene.js";
import { hasJitConfig } from "./wire.js";

const MINUTE_MS = 60_000;
/** The longest pause that the law allows after a failed launch, and after a full backend or exit code 7 (I3). */
const LONGEST_PAUSE_MS = 10 * MINUTE_MS;
const LONGEST_CEILING_MS = 30 * MINUTE_MS;
/** Longer than anybody asks back. @unit milliseconds */
const REMEMBERED_MS = 5 * MINUTE_MS;
/** Failures in a row from which on a set has no room until a launch begun since has started. */
const FAILURES = 3;

/** How the launches of one scale set went in one life of a daemon. */
export interface LaunchState {
  /** Names of launches that failed since one last started. */
  readonly failed: Set<string>;
  /** Since when no launch can be counted on: the third failure in a row, a refusal, or exit code 7. */
  unableSinceMs: number | undefined;
  /** It is so for an exit, which a daemon may not see before its next list. */
  unableByExit: boolean;
  /** It is so for a refusal or exit code 7, which no answer takes back. */
  refused: boolean;
  /** The newest thing that may have stopped launches. */
  lastFailureMs: number;
  lastStartMs: number;
  /** Until when a pause is lawful, by the shortest and by the longest pause of the law. */
  pausedMs: number;
  pausedAtMostMs: number;
}

/** Launches as the ports of the backend and of the service show them, and exits as the host has them. */
export class LaunchRecord {
  readonly #now: () => number;
  readonly #states = new Map<WatchedDaemon, Map<string, LaunchState>>();
  readonly #ceilings = new Map<WatchedDaemon, number>();
  /** Until when a ceiling may stand without another trial. */
  readonly #fullUntilMs = new Map<WatchedDaemon, number>();
  /** What the ceilings were before they were lowered lately. */
  readonly #lowered = new Map<WatchedDaemon, { readonly from: number | undefined; readonly atMs: number }[]>();
  readonly #makers = new Map<string, WatchedDaemon>();
  /** The newest two lists of a daemon. */
  readonly #lists = new Map<WatchedDaemon, readonly ReadonlySet<string>[]>();
  readonly #beganMs = new Map<string, number>();
  readonly #creating = new Map<WatchedDaemon, Set<string>>();
  readonly #answered = new WeakSet<Asked>();
  readonly #exitsSeen = new Set<string>();
  readonly #destroying = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  born(daemon: WatchedDaemon): void {
    this.#states.delete(daemon);
    this.#ceilings.delete(daemon);
    this.#lowered.delete(daemon);
    this.#creating.delete(daemon);
    this.#lists.delete(daemon);
  }

  listed(daemon: WatchedDaemon, names: ReadonlySet<string>): void {
    this.#lists.set(daemon, [names, ...(this.#lists.get(daemon) ?? []).slice(0, 1)]);
  }

  of(daemon: WatchedDaemon, scaleSet: string): LaunchState {
    const of = this.#states.get(daemon) ?? new Map<string, LaunchState>();
    this.#states.set(daemon, of);
    const never = Number.NEGATIVE_INFINITY;
    const state = of.get(scaleSet) ?? {
      failed: new Set<string>(),
      unableSinceMs: undefined,
      unableByExit: false,
      refused: false,
      lastFailureMs: never,
      lastStartMs: never,
      pausedMs: never,
      pausedAtMostMs: never,
    };
    of.set(scaleSet, state);
    return state;
  }

  /**
   * How many instances its backend can hold, as far as this life was refused one; undefined if it never was.
   * @param knownMs lowered that lately, it need not be acted on yet
   */
  ceiling(daemon: WatchedDaemon, knownMs = 0): number | undefined {
    const ceiling = this.#ceilings.get(daemon);
    const lately = this.#lowered.get(daemon)?.filter(({ atMs }) => this.#now() - atMs < knownMs) ?? [];
    if (lately.some(({ from }) => from === undefined)) return undefined;
    return ceiling === undefined ? undefined : Math.max(ceiling, ...lately.map(({ from }) => from ?? 0));
  }

  /** Whether this life was ever refused an instance: other options forget that, the same ones don't. */
  wasFull(daemon: WatchedDaemon): boolean {
    return this.#lowered.has(daemon);
  }

  /** Whether no set of it may launch: as much lives as its backend ever held, and a trial may be as far away as this. */
  isFull(daemon: WatchedDaemon): boolean {
    const ceiling = this.#ceilings.get(daemon);
    return (
      ceiling !== undefined &&
      this.#now() < (this.#fullUntilMs.get(daemon) ?? 0) &&
      this.#live(daemon) + this.#goneUnseen(daemon) >= ceiling
    );
  }

  /** Changed options forget the ceiling. */
  reconfigured(daemon: WatchedDaemon): void {
    this.#ceilings.delete(daemon);
  }

  began(daemon: WatchedDaemon, { operation, name }: BackendCall): void {
    const scaleSet = daemon.setOf(name);
    if (scaleSet === undefined) return;
    if (operation === "create") {
      this.#makers.set(name, daemon);
      this.#beganMs.set(name, this.#now());
      this.#underWay(daemon).add(name);
    }
    if (operation === "start") this.of(daemon, scaleSet).lastStartMs = this.#now();
    if (operation === "destroy") this.#destroying.add(name);
  }

  ended(daemon: WatchedDaemon, { operation, name }: BackendCall, error: unknown): void {
    const scaleSet = daemon.setOf(name);
    if (operation === "destroy") this.#destroying.delete(name);
    if (scaleSet === undefined || operation === "destroy") return;
    if (operation === "create") this.#underWay(daemon).delete(name);
    const live = this.#live(daemon);
    const ceiling = this.#ceilings.get(daemon);
    if (error === undefined) {
      if (operation === "create" && ceiling !== undefined) this.#ceilings.set(daemon, Math.max(ceiling, live));
      if (operation === "start") this.#started(this.of(daemon, scaleSet), name);
      return;
    }
    const kind = isBackendError(error) ? error.kind : "transient";
    if (kind === "capacity") {
      const known = live + this.#goneUnseen(daemon) + this.#goneUnanswered(daemon);
      if (known < (ceiling ?? Number.POSITIVE_INFINITY)) {
        const before = (this.#lowered.get(daemon) ?? []).filter(({ atMs }) => this.#now() - atMs < REMEMBERED_MS);
        this.#lowered.set(daemon, [...before, { from: ceiling, atMs: this.#now() }]);
        this.#ceilings.set(daemon, known);
      }
      this.#fullUntilMs.set(daemon, this.#now() + LONGEST_CEILING_MS);
      this.#paused(this.of(daemon, scaleSet), 5 * MINUTE_MS, LONGEST_CEILING_MS);
      return;
    }
    const state = this.of(daemon, scaleSet);
    if (kind === "gone") this.#paused(state, MINUTE_MS, LONGEST_PAUSE_MS);
    else this.#failure(state, name, kind === "rejected" || kind === "denied");
  }

  /** Instances that are gone, and whose destruction was not answered yet. */
  #goneUnanswered(daemon: WatchedDaemon): number {
    const there = new Set(daemon.host.instances().map(({ name }) => name));
    return [...this.#destroying].filter((name) => this.#makers.get(name) === daemon && !there.has(name)).length;
  }

  /** Instances of other daemons that are gone, and that this one counts until two lists did not show them. */
  #goneUnseen(daemon: WatchedDaemon): number {
    const shown = new Set((this.#lists.get(daemon) ?? []).flatMap((names) => [...names]));
    return [...shown].filter((name) => {
      const maker = this.#makers.get(name);
      const another = maker !== undefined && maker !== daemon && maker.path === daemon.path;
      return another && daemon.host.find(name) === undefined;
    }).length;
  }

  answered(daemon: WatchedDaemon, asked: Asked, { status, body }: Answered): void {
    if (asked.kind !== "jit") return;
    this.#answered.add(asked);
    const scaleSet = daemon.setOf(asked.runnerName);
    if (scaleSet === undefined) return;
    const state = this.of(daemon, scaleSet);
    // A config that was cut on its way is none.
    if (status !== 200 || !hasJitConfig(body)) {
      this.#failure(state, asked.runnerName, false);
      return;
    }
    // An attempt that failed was repeated, and the request did well after all.
    state.failed.delete(asked.runnerName);
    if (!state.refused && state.failed.size < FAILURES) state.unableSinceMs = undefined;
  }

  /** A JIT request without an answer is a failed launch, too. */
  over(daemon: WatchedDaemon, asked: Asked): void {
    const scaleSet = asked.kind === "jit" ? daemon.setOf(asked.runnerName) : undefined;
    if (asked.kind !== "jit" || scaleSet === undefined || this.#answered.has(asked)) return;
    this.#failure(this.of(daemon, scaleSet), asked.runnerName, false);
  }

  /** A runner ended by itself. */
  exited(
    daemon: WatchedDaemon,
    exit: { readonly name: string; readonly exitCode: number | undefined; readonly hadJob: boolean },
  ): void {
    const scaleSet = daemon.setOf(exit.name);
    if (scaleSet === undefined || this.#exitsSeen.has(exit.name)) return;
    this.#exitsSeen.add(exit.name);
    const state = this.of(daemon, scaleSet);
    if (exit.exitCode === 7) {
      if (state.unableSinceMs === undefined) state.unableByExit = true;
      state.unableSinceMs ??= this.#now();
      state.refused = true;
      this.#paused(state, LONGEST_CEILING_MS, LONGEST_CEILING_MS);
    } else if (!exit.hadJob) this.#paused(state, MINUTE_MS, LONGEST_PAUSE_MS);
  }

  /** A runner is not online though its boot deadline is over. */
  neverOnline(daemon: WatchedDaemon, scaleSet: string): void {
    this.#paused(this.of(daemon, scaleSet), 3 * MINUTE_MS, LONGEST_PAUSE_MS);
  }

  /** The daemon could not act for this set just now. */
  hindered(daemon: WatchedDaemon, scaleSet: string): void {
    this.#paused(this.of(daemon, scaleSet), MINUTE_MS, LONGEST_PAUSE_MS);
  }

  /** As it knows: without what strangers have on the same host. */
  #live(daemon: WatchedDaemon): number {
    const its = daemon.host.instances().filter(({ labels }) => daemon.identities.has(labels.identity));
    return its.length + this.#underWay(daemon).size;
  }

  #failure(state: LaunchState, name: string, refused: boolean): void {
    state.failed.add(name);
    state.refused ||= refused;
    if (refused || state.failed.size >= FAILURES) {
      if (state.unableSinceMs === undefined) state.unableByExit = false;
      state.unableSinceMs ??= this.#now();
    }
    const doublings = Math.min(6, state.failed.size - 1);
    const pauseMs = refused ? LONGEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 10_000 * 2 ** doublings);
    this.#paused(state, pauseMs, LONGEST_PAUSE_MS);
  }

  #started(state: LaunchState, name: string): void {
    if ((this.#beganMs.get(name) ?? 0) < (state.unableSinceMs ?? Number.NEGATIVE_INFINITY)) return;
    state.failed.clear();
    state.unableSinceMs = undefined;
    state.refused = false;
  }

  #paused(state: LaunchState, pauseMs: number, atMostMs: number): void {
    state.lastFailureMs = this.#now();
    state.pausedMs = Math.max(state.pausedMs, this.#now() + pauseMs);
    state.pausedAtMostMs = Math.max(state.pausedAtMostMs, this.#now() + atMostMs);
  }

  #underWay(daemon: WatchedDaemon): Set<string> {
    const creating = this.#creating.get(daemon) ?? new Set<string>();
    this.#creating.set(daemon, creating);
    return creating;
  }
}
