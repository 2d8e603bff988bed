import type { Clock, Logger, Random } from "@scaleset/client";
import type { Backend, Finding } from "@scaleset/provisioner";
import { abortable } from "@scaleset/provisioner";
import type { Timings } from "../core/settings.js";
import { Waiters } from "./waiters.js";

export interface BackendCheckOptions {
  readonly backend: Pick<Backend, "check">;
  /** Kind of the provisioner, for the log. */
  readonly kind: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly timings: Pick<Timings, "provisionerStepDeadlineMs" | "asideTrialMinMs">;
  readonly logger: Logger;
}

/**
 * Asks a backend what would keep instances from running: once when it is opened, and on a schedule while a scale set
 * waits for it to work again. One question serves all scale sets that use the backend.
 */
export class BackendCheck {
  readonly #options: BackendCheckOptions;
  readonly #waiting = new Set<() => void>();
  readonly #waiters = new Waiters();
  /** The newest check failed, and a scale set was waiting. */
  #broken = false;
  #logged = "";

  constructor(options: BackendCheckOptions) {
    this.#options = options;
  }

  /** Calls back each time a check succeeds after one that failed. Returns how to end that. */
  whenItWorksAgain(worksAgain: () => void): () => void {
    // Not the function itself: two scale sets may pass the same one.
    const each = (): void => worksAgain();
    this.#waiting.add(each);
    this.#waiters.noticed();
    return () => {
      this.#waiting.delete(each);
      // A failure before the next wait proves nothing about that one.
      if (this.#waiting.size === 0) this.#broken = false;
    };
  }

  /** Checks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, timings } = this.#options;
    await this.#check(signal);
    while (!signal.aborted) {
      await this.#waiters.until(() => this.#waiting.size > 0 || signal.aborted, [signal]);
      if (signal.aborted) return;
      this.#conclude(await this.#check(signal));
      await clock.sleep(timings.asideTrialMinMs * (0.8 + 0.4 * random()), { signal }).catch(() => {});
    }
  }

  #conclude(works: boolean): void {
    const worksAgain = works && this.#broken;
    this.#broken = !works && this.#waiting.size > 0;
    if (!worksAgain) return;
    for (const each of [...this.#waiting]) each();
  }

  /** Resolves with whether nothing keeps instances from running, as far as the backend knows. */
  async #check(signal: AbortSignal): Promise<boolean> {
    const { backend, clock, timings } = this.#options;
    using deadline = clock.deadline(timings.provisionerStepDeadlineMs, { signal });
    try {
      const findings = await abortable(backend.check(deadline), deadline.signal);
      this.#log(findings);
      return findings.every(({ level }) => level !== "error");
    } catch (error) {
      if (!signal.aborted) this.#logFailure(error);
      return false;
    }
  }

  #log(findings: readonly Finding[]): void {
    const { kind, logger } = this.#options;
    if (this.#isLogged(findings.map(({ message }) => message).join("\n"))) return;
    for (const { level, message, remedy } of findings) {
      logger[level === "warning" ? "warn" : level]({ provisioner: kind, remedy }, message);
    }
  }

  #logFailure(error: unknown): void {
    const { kind, logger } = this.#options;
    if (this.#isLogged(error instanceof Error ? error.message : String(error))) return;
    logger.warn({ err: error, provisioner: kind }, "the provisioner could not be checked");
  }

  /** The same result again is one record in the log, not one a minute. */
  #isLogged(result: string): boolean {
    const same = result === this.#logged;
    this.#logged = result;
    return same;
  }
}
