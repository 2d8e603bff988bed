import type { JournalEntry } from "@scaleset/simulator";

/** A job, as the service's journal has it. */
export interface JobFact {
  /** Names its scale set through all its ids. */
  key: string;
  /** `resting`: its assignment lapsed, and the next one is still to come. */
  state: "queued" | "assigned" | "running" | "resting";
  assignedMs: number;
  /** What its scale set's newest poll announced when it was assigned. */
  announced: number | undefined;
  lapses: number;
}

/** Jobs that have not ended. */
export class JobBook {
  readonly #open = new Map<number, JobFact>();
  readonly #keys = new Map<number, string>();

  get open(): ReadonlyMap<number, JobFact> {
    return this.#open;
  }

  /** A job was queued for the scale set of this name. */
  queued(job: number, key: string): void {
    this.#keys.set(job, key);
    const fact = this.#open.get(job);
    if (fact !== undefined) fact.key = key;
  }

  entry(
    { subject, event, job, scaleSetId }: JournalEntry,
    world: {
      readonly nowMs: number;
      keyOf(scaleSetId: number): string;
      announced(scaleSetId: number): number | undefined;
    },
  ): void {
    if (subject !== "job" || job === undefined) return;
    if (event === "completed" || event === "stranded") {
      this.#open.delete(job);
      return;
    }
    const known = this.#open.get(job);
    const fact: JobFact = known ?? {
      key: this.#keys.get(job) ?? "",
      state: "queued",
      assignedMs: Number.NEGATIVE_INFINITY,
      announced: undefined,
      lapses: 0,
    };
    if (known === undefined) this.#open.set(job, fact);
    if (scaleSetId !== undefined) fact.key = world.keyOf(scaleSetId);
    if (event === "queued") fact.state = "queued";
    if (event === "assigned" && scaleSetId !== undefined) {
      fact.state = "assigned";
      fact.assignedMs = world.nowMs;
      fact.announced = world.announced(scaleSetId);
    }
    if (event === "started") fact.state = "running";
    if (event === "lapsed") {
      fact.state = "resting";
      fact.lapses += 1;
    }
  }

  /** Jobs of a scale set that wait for a runner. */
  waiting(key: string): number {
    let count = 0;
    for (const fact of this.#open.values()) if (fact.key === key && fact.state !== "running") count += 1;
    return count;
  }

  /** Those of them that it was given. */
  assigned(key: string): number {
    let count = 0;
    for (const fact of this.#open.values()) if (fact.key === key && fact.state === "assigned") count += 1;
    return count;
  }

  keys(): ReadonlySet<string> {
    return new Set([...this.#open.values()].map(({ key }) => key));
  }
}
