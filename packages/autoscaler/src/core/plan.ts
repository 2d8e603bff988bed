import type { Command, Decision, PlannedCommand } from "./commands.js";

/** A decision in the making: the rules add to it one after the other, and a later one sees what earlier ones asked for. */
export class Plan {
  readonly #commands: PlannedCommand[] = [];
  readonly #reasons: { readonly rule: string; readonly reason: string }[] = [];
  /** Made at the first command: most decisions have none. */
  #named: Set<string> | undefined;
  #rule = "";
  #wakeAt = Number.POSITIVE_INFINITY;
  #mostLaunches = Number.POSITIVE_INFINITY;
  #whyNoMore = "";
  #limitedBy = "";
  #retired = 0;
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  /** Everything that follows is that rule's. */
  begin(rule: string): void {
    this.#rule = rule;
  }

  /** One runner gets one command at a time, and the fleet one of a kind: what an earlier rule asked for stands. */
  command(command: Command, reason: string): void {
    const subject = "name" in command ? command.name : command.type;
    if (this.has(subject)) return;
    this.#named = (this.#named ?? new Set()).add(subject);
    this.#commands.push({ command, rule: this.#rule, reason });
  }

  /** Asks for the end of a runner that could take a job. */
  retire(runner: { readonly name: string; readonly runnerId: number | undefined }, reason: string): void {
    if (this.has(runner.name)) return;
    this.#retired += 1;
    this.command({ type: "deregister", name: runner.name, runnerId: runner.runnerId }, reason);
  }

  /** Whether an earlier rule asked something of it. */
  has(name: string): boolean {
    return this.#named?.has(name) === true;
  }

  /** How many runners that could take a job are asked to go. */
  get retired(): number {
    return this.#retired;
  }

  /** @param rule the one that the reason is of, where an earlier rule's limit speaks through a later one */
  because(reason: string, rule = this.#rule): void {
    this.#reasons.push({ rule, reason });
  }

  /** At most so many launches now, and why not more. The lowest limit counts. */
  limitLaunches(most: number, reason: string): void {
    if (most >= this.#mostLaunches) return;
    this.#mostLaunches = most;
    this.#whyNoMore = reason;
    this.#limitedBy = this.#rule;
  }

  get mostLaunches(): number {
    return this.#mostLaunches;
  }

  get whyNoMore(): string {
    return this.#whyNoMore;
  }

  /** The rule whose limit counts. */
  get limitedBy(): string {
    return this.#limitedBy;
  }

  /** A time that has passed wakes nobody: what was due then has been decided. */
  wakeAt(at: number): void {
    if (at > this.#now) this.#wakeAt = Math.min(this.#wakeAt, at);
  }

  decision(): Decision {
    return { commands: this.#commands, reasons: this.#reasons, wakeAt: this.#wakeAt };
  }
}
