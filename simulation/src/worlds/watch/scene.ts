import type { MemoryHost } from "@scaleset/autoscaler/testing";
import type { JournalEntry, Simulator, VirtualClock } from "@scaleset/simulator";
import type { About, Chronicle } from "../chronicle.js";
import type { Daemon } from "../daemon.js";
import type { Asked } from "../request.js";
import type { Tally } from "../tally.js";
import type { Answered, DecisionEvent } from "./events.js";
import type { Facts } from "./facts.js";

/** What did not hold. */
export interface Broken {
  /**
   * `I1` … `I11` of protocol.md §7, or `lost`, `twice`, `leaked`, `left` of lifecycle.md §7, or `F23`; `lived` of a world
   * that could not be lived to its end.
   */
  readonly invariant: string;
  readonly message: string;
  readonly atMs: number;
  readonly about: About;
}

/** A world as its checks see it. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly hosts: readonly MemoryHost[];
  readonly daemons: readonly Daemon[];
  readonly chronicle: Chronicle;
  readonly tally: Tally;
  readonly facts: Facts;
  /** A check had something to look at. */
  checked(name: string): void;
  broke(invariant: string, message: string, about?: About): void;
  /** Whether the service counts registrations that never came online as runners. */
  readonly countsOffline: boolean;
  /** Since when nothing has gone wrong; `Infinity` while something does. */
  readonly calmSinceMs: number;
}

/** Everything that can be looked at, each as it happens. */
export interface Check {
  asked?(daemon: Daemon, asked: Asked): void;
  answered?(daemon: Daemon, asked: Asked, answer: Answered): void;
  over?(daemon: Daemon, asked: Asked): void;
  began?(daemon: Daemon, call: { readonly operation: "create" | "start" | "destroy"; readonly name: string }): void;
  decided?(daemon: Daemon, event: DecisionEvent): void;
  logged?(daemon: Daemon, level: string, message: string, data: object): void;
  entry?(entry: JournalEntry): void;
  /** Every few seconds. */
  look?(): void;
}
