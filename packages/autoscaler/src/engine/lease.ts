import type { Clock, Random } from "@scaleset/client";
import { abortable } from "@scaleset/provisioner";
import { CALL_NEEDS_MS } from "../core/settings.js";
import { Waiters } from "./waiters.js";

/** A command waits this long for the lease, and is dropped then. @unit milliseconds */
const LONGEST_WAIT_MS = 30_000;
/** Between refreshes without an answer, as between polls. @unit milliseconds */
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 30_000;
/**
 * The service holds a poll for about 50 s. A message whose poll was sent this long before it is read was in the socket of
 * a process that was stopped: its acknowledgement does not prove that the session is still ours. @unit milliseconds
 */
const STALE_POLL_MS = 65_000;

export interface LeaseOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** From the moment that an answered call of the session was sent. @unit milliseconds */
  readonly lastsMs: number;
  /** Refreshes the session: resolves once it was answered. */
  readonly renew: (options: { readonly signal: AbortSignal }) => Promise<void>;
}

/**
 * The right to act on a session that is held: it lasts for a while from the moment that the newest answered call was sent,
 * on a clock that runs on while the process is stopped or its machine sleeps. Whoever finds it lapsed waits here: for the
 * acknowledgement that is under way, else for one refresh that all of them share.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #waiters = new Waiters();
  /** Aborts when the session ends; undefined while none is held. */
  #session: AbortController | undefined;
  /** When the newest call that proves the session was sent, by `Clock.uptime`. */
  #sentAt = Number.NEGATIVE_INFINITY;
  /** The same of calls that prove nothing until a refresh is answered; undefined while every answered call proves it. */
  #unproven: number | undefined;
  #acknowledging = false;
  #renewal: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** A session was opened by a call sent then. Answers how long no call had proved an earlier one. @unit milliseconds */
  opened(sentAt: number): number {
    this.ended();
    const silentMs = sentAt - this.#sentAt;
    this.#session = new AbortController();
    this.#sentAt = sentAt;
    return silentMs;
  }

  ended(): void {
    this.#session?.abort(new Error("the session ended"));
    this.#session = undefined;
    this.#acknowledging = false;
    this.#unproven = undefined;
    this.#renewal = undefined;
    this.#waiters.noticed();
  }

  answered({ heldMs, sentAt }: { readonly heldMs: number | undefined; readonly sentAt: number }): void {
    this.#acknowledging = false;
    if (this.#unproven !== undefined && heldMs === undefined) {
      this.#unproven = Math.max(this.#unproven, sentAt);
    } else {
      this.#prove(sentAt);
    }
    this.#waiters.noticed();
  }

  /** A message came: its acknowledgement is under way from now on. */
  delivered(): void {
    const staleMs = this.#options.clock.uptime() - this.#sentAt;
    if (staleMs < STALE_POLL_MS) this.#acknowledging = true;
    else this.#unproven ??= Number.NEGATIVE_INFINITY;
  }

  /** No acknowledgement is under way any longer, whatever became of it. */
  pollBegan(): void {
    if (!this.#acknowledging) return;
    this.#acknowledging = false;
    this.#waiters.noticed();
  }

  /** Below 0 once it lapsed. @unit milliseconds */
  leftMs(): number {
    if (this.#session === undefined) return Number.NEGATIVE_INFINITY;
    return this.#sentAt + this.#options.lastsMs - this.#options.clock.uptime();
  }

  /** Resolves with true once more than `needMs` is left; with false when that took too long, or the session ended. */
  async ready(needMs: number): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    if (this.leftMs() > needMs) return true;
    this.#renewal ??= this.#renew(session.signal).finally(() => {
      if (this.#session === session) this.#renewal = undefined;
    });
    await this.#renewal;
    return this.#session === session && this.leftMs() > needMs;
  }

  #prove(sentAt: number): void {
    this.#sentAt = Math.max(this.#sentAt, sentAt);
    this.#unproven = undefined;
  }

  /** Until enough is left for every command, the time is up, or the session ended. Never rejects. */
  async #renew(session: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    using over = clock.deadline(LONGEST_WAIT_MS, { signal: session });
    const { signal } = over;
    for (let attempt = 0; !signal.aborted; attempt++) {
      if (this.#acknowledging) await this.#waiters.until(() => !this.#acknowledging || signal.aborted, [signal]);
      else await this.#refresh(signal);
      if (this.leftMs() > CALL_NEEDS_MS) return;
      if (this.#acknowledging) continue;
      const backoffMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** attempt) * (0.5 + 0.5 * random());
      using pause = clock.deadline(backoffMs, { signal });
      const isOver = (): boolean => this.leftMs() > CALL_NEEDS_MS || pause.signal.aborted;
      await this.#waiters.until(isOver, [pause.signal]);
      if (this.leftMs() > CALL_NEEDS_MS) return;
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    try {
      await abortable(this.#options.renew({ signal }), signal);
      if (!signal.aborted && this.#unproven !== undefined) this.#prove(this.#unproven);
    } catch {
      // Why there is no answer is reported by who asked; it is tried again.
    }
  }
}
