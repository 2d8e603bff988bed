import type { ScaleSetConfig } from "@scaleset/autoscaler";
import type { Random } from "@scaleset/simulator";
import type { Daemon } from "./daemon.js";
import type { Scene } from "./watch/scene.js";
import { stopWatched } from "./watch/stops.js";

/** A reload, or a stop, is waited for no longer. @unit milliseconds */
const PATIENCE_MS = 60_000;

/** The person who changes configurations: daemons are told while they run, or stopped and started. */
export class Operator {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #start: (daemon: Daemon) => void;
  readonly #isOver: () => boolean;
  readonly #daemons: readonly Daemon[];
  readonly #initial: readonly (readonly ScaleSetConfig[])[];

  constructor(
    scene: Scene,
    options: {
      readonly daemons: readonly Daemon[];
      readonly random: Random;
      /** Ends early when nothing is to go wrong any more. */
      readonly sleep: (ms: number) => Promise<void>;
      readonly start: (daemon: Daemon) => void;
      readonly isOver: () => boolean;
    },
  ) {
    this.#scene = scene;
    this.#random = options.random;
    this.#sleep = options.sleep;
    this.#start = options.start;
    this.#isOver = options.isOver;
    this.#daemons = options.daemons;
    this.#initial = options.daemons.map(({ config }) => config.scaleSets);
  }

  /** The same change for every daemon; undefined leaves a scale set out. */
  async reconfigure(change: (scaleSet: ScaleSetConfig) => ScaleSetConfig | undefined): Promise<void> {
    const changed = new Map<string, ScaleSetConfig | undefined>();
    for (const set of this.#daemons[0]?.config.scaleSets ?? []) changed.set(set.name, change(set));
    for (const daemon of this.#daemons) {
      await this.#workBy(
        daemon,
        daemon.config.scaleSets.flatMap((set) => changed.get(set.name) ?? []),
      );
    }
  }

  /** What was at the beginning. */
  async restore(): Promise<void> {
    for (const [index, daemon] of this.#daemons.entries()) {
      await this.#workBy(daemon, this.#initial[index] ?? []);
    }
  }

  async #workBy(daemon: Daemon, scaleSets: readonly ScaleSetConfig[]): Promise<void> {
    const config = { ...daemon.config, scaleSets };
    const words = scaleSets.map(({ name, minRunners, maxRunners, workFolder }) => [
      name,
      minRunners,
      maxRunners,
      workFolder,
    ]);
    this.#scene.chronicle.tell("nemesis", `${daemon.name} is to work by ${JSON.stringify(words)}`);
    if (!daemon.up) return daemon.configure(config);
    if (this.#random() < 0.7) return await Promise.race([daemon.reload(config), this.#sleep(PATIENCE_MS)]);
    await Promise.race([stopWatched(this.#scene, daemon), this.#sleep(PATIENCE_MS)]);
    daemon.configure(config);
    if (!daemon.up && !this.#isOver()) this.#start(daemon);
  }
}
