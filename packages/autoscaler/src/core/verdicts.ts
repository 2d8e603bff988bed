import type { Timings } from "./settings.js";

/** A runner that exited, and nothing explains yet that it did. */
export interface OpenExit {
  readonly name: string;
  readonly launchedAt: number;
  readonly at: number;
  /** It exited right after its start; otherwise it had been idle. */
  readonly fast: boolean;
}

/**
 * - `failed`: it ended before it could do anything; `idle`: it ended after it had been idle;
 * - `neutral`: the service does not know it, which says nothing either way.
 */
export interface Verdict {
  readonly exit: OpenExit;
  readonly meaning: "failed" | "idle" | "neutral";
}

type Removal = "open" | "removed" | "absent";

/**
 * Exits that look as if no job had been done. A message about the job can come after the exit, or without a name, so each
 * is judged at the next answered poll, or after a while. Until then a fast one holds its place.
 */
export class Verdicts {
  readonly #timings: Timings;
  readonly #open = new Map<string, { readonly exit: OpenExit; removal: Removal }>();
  #idle = 0;
  #changed = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #neutralRow = 0;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** Idle exits that are not judged yet. */
  get idle(): number {
    return this.#idle;
  }

  /** Fast exits that are not judged yet: nothing is launched in their place. */
  get held(): number {
    return this.#open.size - this.#idle;
  }

  get nextAt(): number {
    for (const { exit } of this.#open.values()) return exit.at + this.#timings.verdictMs;
    return Number.POSITIVE_INFINITY;
  }

  has(name: string): boolean {
    return this.#open.has(name);
  }

  /** Whether it keeps a place until it is judged. */
  holds(name: string): boolean {
    return this.#open.get(name)?.exit.fast === true;
  }

  /** Oldest first. */
  open(): OpenExit[] {
    return [...this.#open.values()].map(({ exit }) => exit);
  }

  note(exit: OpenExit): void {
    this.#open.set(exit.name, { exit, removal: "open" });
    if (!exit.fast) this.#idle += 1;
  }

  /** The service answered the request to remove its registration for good. */
  unregistered(name: string, removal: "removed" | "absent"): void {
    const open = this.#open.get(name);
    if (open === undefined) return;
    open.removal = removal;
    this.#changed = true;
  }

  /** Something explains it: it had a job. */
  clear(name: string): OpenExit | undefined {
    const exit = this.#take(name);
    if (exit !== undefined) this.explained();
    return exit;
  }

  /** An exit was explained: runners do work. */
  explained(): void {
    this.#neutralRow = 0;
  }

  /** Those that can be judged. @param toldAt newest answered poll of which everything was told */
  take(toldAt: number, now: number): Verdict[] {
    if (toldAt === this.#toldAt && !this.#changed && now < this.nextAt) return [];
    this.#toldAt = toldAt;
    this.#changed = false;
    const verdicts: Verdict[] = [];
    for (const { exit, removal } of this.#open.values()) {
      const meaning = this.#judge(exit, removal, toldAt, now);
      if (meaning !== undefined) verdicts.push({ exit, meaning });
    }
    for (const { exit } of verdicts) this.#take(exit.name);
    return verdicts;
  }

  #judge(exit: OpenExit, removal: Removal, toldAt: number, now: number): Verdict["meaning"] | undefined {
    const late = now >= exit.at + this.#timings.verdictMs;
    const told = late || exit.at < toldAt;
    if (!exit.fast) return told ? "idle" : undefined;
    if (removal === "removed") return told ? "failed" : undefined;
    if (removal === "open" && !late) return undefined;
    this.#neutralRow += 1;
    return this.#neutralRow >= this.#timings.neutralExits ? "failed" : "neutral";
  }

  #take(name: string): OpenExit | undefined {
    const open = this.#open.get(name);
    if (open === undefined) return undefined;
    this.#open.delete(name);
    if (!open.exit.fast) this.#idle -= 1;
    return open.exit;
  }
}
