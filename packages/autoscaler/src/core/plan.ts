import type { Command, Decision } from "./commands.js";

/** A decision in the making. */
export class Plan {
  readonly #commands: { command: Command; reason: string }[] = [];
  readonly #reasons: string[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;

  command(command: Command, reason: string): void {
    this.#commands.push({ command, reason });
  }

  because(reason: string): void {
    this.#reasons.push(reason);
  }

  wakeAt(at: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  /** A time that has passed wakes nobody: what was due then has been decided. */
  decision(now: number): Decision {
    return {
      commands: this.#commands,
      reasons: this.#reasons,
      wakeAt: this.#wakeAt > now ? this.#wakeAt : Number.POSITIVE_INFINITY,
    };
  }
}
