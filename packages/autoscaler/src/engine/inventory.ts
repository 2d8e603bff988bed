import type { Clock, Logger, Random } from "@scaleset/client";
import type { Backend, Instance } from "@scaleset/provisioner";
import { abortable } from "@scaleset/provisioner";
import type { FleetEvent, SeenInstance } from "../core/events.js";
import type { Timings } from "../core/settings.js";

/** Made once: an abort without a reason makes an exception each time. */
const HURRY = new Error("a list is wanted sooner");

/** A watch that lived so long was well. @unit milliseconds */
const WATCH_PROVED_MS = 30_000;

/** What one scale set wants to hear of a backend that others use too. */
export interface Subscriber {
  /** What it calls this backend's instances' place. */
  readonly place: string;
  /** Instances labelled so are its own business. */
  readonly identity: string;
  /** The owner name whose instances are its own making. */
  readonly owner: string;
  tell(event: Extract<FleetEvent, { type: "inventory" | "instance.changed" }>): void;
}

/** The labels' version that this program writes and understands. */
export const LABELS_SCHEMA = 1;

/**
 * What lives on one backend, told to everybody who uses it: one list and one watch, however many scale sets.
 * The watch is quick and may miss things; the list is the truth.
 */
export class Inventory {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #timings: Timings;
  readonly #logger: Logger;
  readonly #subscribers = new Set<Subscriber>();
  #hurry: AbortController | undefined;
  #wanted = true;
  /** Why the newest list failed; undefined when it did not. */
  problem: string | undefined;

  constructor(options: {
    readonly backend: Backend;
    readonly clock: Clock;
    readonly random: Random;
    readonly timings: Timings;
    readonly logger: Logger;
  }) {
    this.#backend = options.backend;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#timings = options.timings;
    this.#logger = options.logger;
  }

  /** Tells it everything from the next list on. Answers how to end that. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    this.refresh();
    return () => this.#subscribers.delete(subscriber);
  }

  /** Has a list begun soon, also when one is under way: that one began too early. */
  refresh(): void {
    this.#wanted = true;
    this.#hurry?.abort(HURRY);
  }

  /** Lists and watches until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#listAgainAndAgain(signal), this.#watchAgainAndAgain(signal)]);
  }

  async #listAgainAndAgain(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      this.#wanted = false;
      failures = (await this.#list(signal)) ? 0 : failures + 1;
      if (failures > 0) await this.#pause(this.#backoff(failures), signal);
      else if (!this.#wanted) await this.#pause(this.#jitter(this.#timings.inventoryIntervalMs), signal);
    }
  }

  async #list(signal: AbortSignal): Promise<boolean> {
    const begunAt = this.#clock.monotonic();
    using deadline = this.#clock.deadline(this.#timings.provisionerStepDeadlineMs, { signal });
    try {
      const instances = await abortable(this.#backend.list({ signal: deadline.signal }), deadline.signal);
      this.problem = undefined;
      this.#tellList(instances, begunAt);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      this.problem = `the list of instances failed: ${error instanceof Error ? error.message : String(error)}`;
      this.#logger.warn({}, this.problem);
      return false;
    }
  }

  #tellList(instances: readonly Instance[], begunAt: number): void {
    const byIdentity = new Map<string, Instance[]>();
    for (const instance of instances) {
      const others = byIdentity.get(instance.labels.identity);
      if (others === undefined) byIdentity.set(instance.labels.identity, [instance]);
      else others.push(instance);
    }
    const at = this.#clock.monotonic();
    for (const subscriber of this.#subscribers) {
      const its = byIdentity.get(subscriber.identity) ?? [];
      const seen = its.map((instance) => this.#seen(instance, subscriber));
      subscriber.tell({ type: "inventory", at, place: subscriber.place, begunAt, instances: seen });
    }
  }

  async #watchAgainAndAgain(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const begunAt = this.#clock.monotonic();
      try {
        for await (const event of this.#backend.watch({ signal })) {
          if (event.type === "changed") this.#tellChange(event.instance);
        }
      } catch (error) {
        if (!signal.aborted) this.#logger.warn({ err: error }, "the watch of instances ended");
      }
      if (signal.aborted) return;
      // What happened since it ended was missed.
      this.refresh();
      // One that tells a little and ends again and again is no better than one that fails.
      failures = this.#clock.monotonic() - begunAt > WATCH_PROVED_MS ? 1 : failures + 1;
      await this.#clock.sleep(this.#backoff(failures), { signal }).catch(() => {});
    }
  }

  #tellChange(instance: Instance): void {
    const at = this.#clock.monotonic();
    for (const subscriber of this.#subscribers) {
      if (subscriber.identity !== instance.labels.identity) continue;
      subscriber.tell({ type: "instance.changed", at, instance: this.#seen(instance, subscriber) });
    }
  }

  #seen(instance: Instance, subscriber: Subscriber): SeenInstance {
    return {
      name: instance.name,
      state: instance.state,
      own: instance.labels.owner === subscriber.owner,
      foreignSchema: instance.labels.schema > LABELS_SCHEMA,
      spec: instance.labels.spec,
      ageMs: Math.max(0, this.#clock.now() - instance.createdAt),
      exitCode: instance.exitCode,
      exitReason: instance.exitReason,
      unfit: instance.unfit,
    };
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const hurry = new AbortController();
    this.#hurry = hurry;
    const end = (): void => hurry.abort(HURRY);
    signal.addEventListener("abort", end, { once: true });
    await this.#clock.sleep(ms, { signal: hurry.signal }).catch(() => {});
    signal.removeEventListener("abort", end);
    this.#hurry = undefined;
  }

  #backoff(failures: number): number {
    return this.#jitter(Math.min(30_000, 500 * 2 ** Math.min(failures, 10)));
  }

  #jitter(ms: number): number {
    return ms * (0.8 + 0.4 * this.#random());
  }
}
