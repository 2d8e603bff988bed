import type { Timings } from "./settings.js";

/** How the session is held: polled, open without polls so that no job is accepted, or closed. */
export type Serving = "polling" | "unpolled" | "aside";

/**
 * - `working`: like any other set; `reservedUntil`: until when a shared place is kept for it, after it came back for one;
 * - `leaving`: it is about to close its session, and finishes what needs one;
 * - `aside`: the session is closed; `ticket`: it comes back when a shared place is free, otherwise at `tryAt`;
 * - `trial`: the session is open without polls, and one launch shows whether it can work again.
 */
export type AsideState =
  | { readonly kind: "working"; readonly reservedUntil: number; readonly ticketReason: string | undefined }
  | {
      readonly kind: "leaving";
      readonly since: number;
      readonly reason: string;
      readonly ticket: boolean;
      /** Something has changed that may let it work again. */
      readonly tryNow: boolean;
    }
  | {
      readonly kind: "aside";
      readonly since: number;
      readonly reason: string;
      readonly ticketFrom: number | undefined;
      readonly tryAt: number;
    }
  | {
      readonly kind: "trial";
      readonly since: number;
      readonly reason: string;
      readonly openedAt: number | undefined;
      readonly runner: string | undefined;
      /** The runner has lived for a while. */
      readonly lived: boolean;
      /** A refresh brought no statistics: whether the runner is online can't be seen. */
      readonly blind: boolean;
    };

const WORKING: AsideState = { kind: "working", reservedUntil: Number.NEGATIVE_INFINITY, ticketReason: undefined };

/**
 * A set that can run nothing steps aside: it closes its session, so that another daemon may have it, or jobs wait at the
 * service without using up their attempts. It comes back only when a launch has shown that it can work.
 */
export class Aside {
  readonly #timings: Timings;
  #state: AsideState = WORKING;
  #pauseMs: number;
  /** Since when jobs wait and no runner can take them, without a sign that launching works. */
  helplessSince: number | undefined;

  constructor(timings: Timings) {
    this.#timings = timings;
    this.#pauseMs = timings.asideTrialMinMs;
  }

  get state(): AsideState {
    return this.#state;
  }

  get serving(): Serving {
    if (this.#state.kind === "working") return "polling";
    return this.#state.kind === "aside" ? "aside" : "unpolled";
  }

  /** Whether it wants a place of a shared limit although it has no job: it comes back for it, or has just come back. */
  reserves(now: number): boolean {
    const state = this.#state;
    if (state.kind === "aside") return state.ticketFrom !== undefined && now >= state.ticketFrom;
    if (state.kind === "leaving") return state.ticket;
    return state.kind === "working" && now < state.reservedUntil;
  }

  /** A launch lived for a while, or had a job. */
  worked(): void {
    this.helplessSince = undefined;
  }

  /** A job was done: the next trials begin at the shortest pause again. */
  jobDone(): void {
    this.#pauseMs = this.#timings.asideTrialMinMs;
    this.worked();
  }

  leave(reason: string, ticket: boolean, at: number): void {
    this.helplessSince = undefined;
    this.#state = { kind: "leaving", since: at, reason, ticket, tryNow: false };
  }

  /** @param notBefore when a launch is possible at all, as far as known */
  close(notBefore: number, at: number): void {
    if (this.#state.kind !== "leaving") return;
    const { reason, ticket, tryNow } = this.#state;
    const tryAt = tryNow ? at : Math.max(at + this.#pauseMs, notBefore);
    this.#slowDown();
    this.#state = { kind: "aside", since: at, reason, ticketFrom: ticket ? at : undefined, tryAt };
  }

  /** Something has changed that may let it work again: it is tried at once. */
  tryNow(at: number): void {
    if (this.#state.kind === "leaving") this.#state = { ...this.#state, ticket: false, tryNow: true };
    if (this.#state.kind === "aside") this.#state = { ...this.#state, ticketFrom: undefined, tryAt: at };
  }

  try(at: number): void {
    if (this.#state.kind !== "aside") return;
    const { reason } = this.#state;
    this.#state = {
      kind: "trial",
      since: at,
      reason,
      openedAt: undefined,
      runner: undefined,
      lived: false,
      blind: false,
    };
  }

  /** What needs the session takes long: whether launching works again is tried meanwhile, as often as without a session. */
  get triesFrom(): number {
    if (this.#state.kind !== "leaving") return Number.POSITIVE_INFINITY;
    return this.#state.tryNow ? this.#state.since : this.#state.since + this.#pauseMs;
  }

  tryWhileOpen(at: number): void {
    if (this.#state.kind !== "leaving") return;
    const { reason } = this.#state;
    this.#slowDown();
    this.#state = { kind: "trial", since: at, reason, openedAt: at, runner: undefined, lived: false, blind: false };
  }

  #slowDown(): void {
    this.#pauseMs = Math.min(this.#timings.asideTrialMaxMs, this.#pauseMs * 2);
  }

  /** A shared place is kept for it from now on: while its session is opened, and then while the first polls wait for a job. */
  comeBack(at: number): void {
    const ticketReason = this.#state.kind === "aside" ? this.#state.reason : undefined;
    this.#state = { kind: "working", reservedUntil: at + this.#timings.reservedPlaceMs, ticketReason };
  }

  /** The session could not be opened in time: the place is given back, and others come first. */
  notOpened(at: number): void {
    if (this.#state.kind !== "working" || this.#state.ticketReason === undefined) return;
    const reason = this.#state.ticketReason;
    const ticketFrom = at + this.#timings.retryMinMs;
    this.#state = { kind: "aside", since: at, reason, ticketFrom, tryAt: at + this.#pauseMs };
  }

  /** It works like any other set. */
  work(): void {
    this.helplessSince = undefined;
    this.#state = WORKING;
  }

  sessionOpened(at: number): void {
    if (this.#state.kind === "trial") this.#state = { ...this.#state, openedAt: at };
    // There is no way back to the ticket, and the place stays reserved until a job had time to be assigned.
    if (this.#state.kind === "working" && this.#state.ticketReason !== undefined)
      this.#state = {
        ...this.#state,
        reservedUntil: at + this.#timings.reservedPlaceMs,
        ticketReason: undefined,
      };
    this.helplessSince = undefined;
  }

  sessionRefused(): void {
    if (this.#state.kind === "working") this.work();
  }

  launched(name: string): void {
    if (this.#state.kind === "trial") this.#state = { ...this.#state, runner: this.#state.runner ?? name };
  }

  lived(name: string): void {
    if (this.#state.kind === "trial" && this.#state.runner === name) this.#state = { ...this.#state, lived: true };
  }

  /** A refresh was answered. */
  refreshed(withStatistics: boolean): void {
    if (this.#state.kind === "trial") this.#state = { ...this.#state, blind: !withStatistics };
  }
}
