import type { AutoscalerConfig, AutoscalerStatus } from "@scaleset/autoscaler";
import type { MemoryHost } from "@scaleset/provisioner/testing";
import type { JournalEntry, Simulator, VirtualClock } from "@scaleset/simulator";
import type { About, Chronicle } from "../chronicle.js";
import type { PauseKind } from "../process-clock.js";
import type { Asked } from "../request.js";
import type { Tally } from "../tally.js";
import type { Troubles } from "../troubles.js";
import type { Answered, DecisionEvent } from "./events.js";
import type { Facts } from "./facts.js";

/** What did not hold. */
export interface Broken {
  /**
   * `I1` … `I11` of protocol.md §7, or `lost`, `twice`, `leaked`, `left` of lifecycle.md §7, or `F23`, `limits`; `lived` of a world
   * that could not be lived to its end.
   */
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
  readonly about: About;
}

/** A daemon as its judges see it. */
export interface WatchedDaemon {
  readonly name: string;
  readonly path: string;
  readonly host: MemoryHost;
  readonly up: boolean;
  /** How its process is paused; undefined while it runs. */
  readonly pausedAs?: PauseKind | undefined;
  readonly config: AutoscalerConfig;
  /** Whether its configuration was not changed a moment ago. */
  readonly settled: boolean;
  /** Of the scale sets that it runs or ran. */
  readonly identities: ReadonlySet<string>;
  identityOf(scaleSet: string): string;
  /** The scale set of an instance, by its name. */
  setOf(instance: string): string | undefined;
  /** The maximum of a scale set, or the one before where that was changed a moment ago. */
  maxRunners(scaleSet: string): number;
  maxRunnersOfAll(): number;
  /** The most runners of all its scale sets together; `Infinity` without such a limit. */
  mostOfAll(): number;
  status(): AutoscalerStatus | undefined;
}

/** A call of a backend that changes something. */
export interface BackendCall {
  readonly operation: "create" | "start" | "destroy";
  readonly name: string;
}

/** A world as its checks see it. */
export interface Scene {
  readonly clock: Pick<VirtualClock, "now" | "monotonic">;
  readonly simulator: Pick<Simulator, "state" | "job" | "violations">;
  readonly hosts: readonly MemoryHost[];
  readonly daemons: readonly WatchedDaemon[];
  readonly chronicle: Chronicle;
  readonly tally: Tally;
  readonly facts: Facts;
  /** A check had something to look at. */
  checked(name: string): void;
  broke(invariant: string, message: string, about?: About): void;
  /** Whether the service counts registrations that never came online as runners. */
  readonly countsOffline: boolean;
  /** Who lies, and lied: the truth of the world. */
  readonly troubles: Troubles;
  /** Instances of every daemon that a host has room for. */
  readonly maxInstances: number;
  readonly launchConcurrency: number;
}

/** Everything that can be looked at, each as it happens. */
export interface Check {
  asked?(daemon: WatchedDaemon, asked: Asked): void;
  answered?(daemon: WatchedDaemon, asked: Asked, answer: Answered): void;
  over?(daemon: WatchedDaemon, asked: Asked): void;
  began?(daemon: WatchedDaemon, call: BackendCall): void;
  ended?(daemon: WatchedDaemon, call: BackendCall, error: unknown): void;
  jitHandedOver?(name: string, jitConfig: object): void;
  decided?(daemon: WatchedDaemon, event: DecisionEvent): void;
  logged?(daemon: WatchedDaemon, level: string, message: string, data: object): void;
  entry?(entry: JournalEntry): void;
  /** Every few seconds. */
  look?(): void;
}
