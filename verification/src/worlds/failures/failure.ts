import type { ScaleSetConfig } from "@scaleset/autoscaler";
import type { ScaleSetClient } from "@scaleset/client";
import type { MemoryHost } from "@scaleset/provisioner/testing";
import type { ChangeableRules, Fault, Random, Simulator } from "@scaleset/simulator";
import type { Daemon } from "../daemon.js";
import { afterRenewal } from "./after-renewal.js";

/**
 * Who gives a daemon a false or missing picture of the world. The judges of I2 and I3 promise something only while at
 * most one of them does (protocol.md §7).
 *
 * - `service`: calls fail, hang, are slow, or another client holds the session; what is answered is true
 * - `agents`: the agents API answers falsely (404, an empty list)
 * - `statistics`: counts are false or missing
 * - `messages`: job messages are missing, late, false or nameless, or the queue is deaf
 * - `backend`: calls of a backend fail, hang, or list falsely; it is full
 * - `runners`: runners don't come online, exit, crash, outlive their registration
 * - `clock`: a wall clock jumps
 * - `daemon`: a daemon is killed, stopped, suspended, or loses its state
 * - `person`: configurations or scale sets are edited by hand
 */
export type Liar =
  | "service"
  | "agents"
  | "statistics"
  | "messages"
  | "backend"
  | "runners"
  | "clock"
  | "daemon"
  | "person";

export interface TroubleOptions {
  /** Who is at fault while it lasts. @default everyone: then only I1, I2, I7 and I11 are judged */
  readonly liars?: readonly Liar[] | undefined;
  /**
   * Up to this time after its end what a daemon knows may still be false, e.g. for messages that are late. @unit
   * milliseconds @default 0
   */
  readonly lingersMs?: number | undefined;
}

/** What a failure can lay hands on. */
export interface Stage {
  readonly simulator: Simulator;
  readonly random: Random;
  readonly daemons: readonly Daemon[];
  readonly hosts: readonly MemoryHost[];
  /** Another autoscaler, that wants the same scale sets. */
  readonly rival: ScaleSetClient;
  /** Waits, at most until the misfortunes of this world are over. */
  sleep(ms: number): Promise<void>;
  readonly over: boolean;
  /** Says that a failure took effect. */
  struck(name: string, count?: number): void;
  /** Every daemon works by another configuration: it is told to, or stopped and started. Undefined leaves a scale set out. */
  reconfigure(change: (scaleSet: ScaleSetConfig) => ScaleSetConfig | undefined): Promise<void>;
  /** The configuration is again what it was at the beginning. */
  restore(): Promise<void>;
  /** SIGTERM, with somebody watching. */
  stop(daemon: Daemon): Promise<void>;
  /** An instance vanishes, and its record with it. */
  lose(host: MemoryHost, name: string): void;
  /** Destroys are slower by that, from now on. */
  slowDestroys(ms: number): void;
  /** Queues some jobs for a scale set, or for any. */
  queue(count: number, options: { readonly scaleSet?: number; readonly durationMs?: number }): void;
  /** Something is wrong from now on, until the returned function is called. A failure's own `liars` need no call. */
  begins(name: string, options?: TroubleOptions): () => void;
}

/** One way for things to go wrong. Resolves when it is over. */
export interface Failure extends TroubleOptions {
  readonly name: string;
  strike(stage: Stage): Promise<void>;
}

/** The same failures, with this liar where they name none. */
export function lying(liar: Liar, failures: readonly Failure[]): readonly Failure[] {
  return failures.map((failure) => ({ liars: [liar], ...failure }));
}

export const MINUTE_MS = 60_000;

/** One of them; undefined where there is none. */
export function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** A failure that is a moment. Says itself whether it took effect. */
export function moment(name: string, strike: (stage: Stage) => boolean): Failure {
  return {
    name,
    strike: async (stage) => {
      if (strike(stage)) stage.struck(name);
    },
  };
}

/** A time between these, by its logarithm: as many short ones as long ones. @unit milliseconds */
export function someTime(random: Random, [least, most]: readonly [number, number]): number {
  return least * (most / least) ** random();
}

/** What `begin` answers: ends the failure, and says how often it took effect. */
export type Ending = (() => number) | undefined;

/** Something that is wrong for some minutes, and then ended. `begin` returns undefined where it could not begin. */
export function lasting(
  name: string,
  { minutes, ...trouble }: TroubleOptions & { readonly minutes: readonly [number, number] },
  begin: (stage: Stage) => Ending,
): Failure {
  return {
    name,
    ...trouble,
    async strike(stage) {
      const end = begin(stage);
      if (end === undefined) return;
      await stage.sleep(someTime(stage.random, minutes) * MINUTE_MS);
      stage.struck(name, end());
    },
  };
}

/** Changes rules of the service, and changes back what was otherwise before. */
export function ruling({ simulator }: Stage, rules: Partial<ChangeableRules>): () => void {
  const before = new Map(Object.entries(simulator.rules));
  const other = Object.keys(rules).filter((name) => Reflect.get(rules, name) !== before.get(name));
  if (other.length === 0) return () => {};
  simulator.changeRules(rules);
  return () => simulator.changeRules(Object.fromEntries(other.map((name) => [name, before.get(name)])));
}

/** Adds faults to the simulator; ends them, and says how often they struck. */
export function adding(stage: Stage, name: string, faults: readonly Fault[]): () => number {
  const { faults: plan, journal } = stage.simulator;
  let struck = 0;
  // Not by the plan's own count: everything in it is cleared when the misfortunes are over.
  const unsubscribe = journal.subscribe(({ subject, cause }) => {
    if (subject === "fault" && cause === name) struck += 1;
  });
  const ids = faults.map((fault) => plan.add({ ...fault, name }));
  return () => {
    unsubscribe();
    for (const id of ids) plan.remove(id);
    return struck;
  };
}

/** Faults in force for some minutes, each call struck by chance. */
export function spoiling(name: string, faults: readonly Fault[], { probability = 0.6, minutes = 6 } = {}): Failure {
  return {
    name,
    async strike(stage) {
      const withoutCount = faults.map(({ count: _, ...fault }): Fault => ({ ...fault, probability }));
      const end = adding(stage, name, withoutCount);
      await stage.sleep((0.5 + stage.random() * minutes) * MINUTE_MS);
      stage.struck(name, end());
    },
  };
}

/** A few of the next calls are struck, whenever they come. */
export function once(name: string, fault: Fault, most = 3): Failure {
  return {
    name,
    async strike(stage) {
      const { random, sleep, struck } = stage;
      const end = adding(stage, name, [{ ...fault, count: 1 + Math.floor(random() * most) }]);
      await sleep(10 * MINUTE_MS * random() + MINUTE_MS);
      struck(name, end());
    },
  };
}

/** Tokens are renewed now, so that what strikes their making is met. */
export function renewing(name: string, faults: readonly Fault[]): Failure {
  return afterRenewal(spoiling(name, faults, { minutes: 3 }));
}
