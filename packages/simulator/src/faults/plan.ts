import { z } from "zod";
import type { Random } from "../time/random.js";
import type { CallName } from "../wire/calls.js";
import { type Fault, type FaultedCall, faultSchema } from "./fault.js";
import { hidableCalls } from "./hidden.js";
import { countingCalls } from "./statistics.js";

/** A fault that was added, and what it has done so far. */
export interface FaultView {
  readonly id: number;
  readonly fault: Fault;
  /** Calls it might have struck: of its kind, in its time. */
  readonly met: number;
  /** Calls it struck. */
  readonly struck: number;
}

interface Row {
  readonly id: number;
  readonly fault: Fault;
  readonly startMs: number;
  met: number;
  struck: number;
}

/** The faults in force. Which call is struck depends on the calls, the clock and the random source alone. */
export class FaultPlan {
  readonly #now: () => number;
  readonly #random: Random;
  readonly #rows = new Map<number, Row>();
  #lastId = 0;

  constructor(options: { readonly now: () => number; readonly random: Random }) {
    this.#now = options.now;
    this.#random = options.random;
  }

  /** Adds a fault, and answers its id. @throws TypeError when it is not a valid one */
  add(fault: Fault): number {
    const checked = faultSchema.safeParse(fault);
    if (!checked.success) throw new TypeError(`not a fault: ${z.prettifyError(checked.error)}`);
    refuseImpossible(checked.data);
    this.#lastId += 1;
    const startMs = this.#now() + (checked.data.afterMs ?? 0);
    this.#rows.set(this.#lastId, { id: this.#lastId, fault: checked.data, startMs, met: 0, struck: 0 });
    return this.#lastId;
  }

  /** How many were added and not removed. */
  get size(): number {
    return this.#rows.size;
  }

  /** Ends a fault. Answers whether there was one. */
  remove(id: number): boolean {
    return this.#rows.delete(id);
  }

  /** Ends them all. */
  clear(): void {
    this.#rows.clear();
  }

  /** Those added and not removed, spent or not. */
  list(): FaultView[] {
    return [...this.#rows.values()].map(({ id, fault, met, struck }) => ({ id, fault, met, struck }));
  }

  /** The faults that strike this call: every delay, and of the others the first. */
  strike(call: CallName, about?: FaultedCall): Fault[] {
    const striking: Fault[] = [];
    for (const row of this.#rows.values()) {
      const spoilt = striking.some(({ effect }) => effect.kind !== "latency");
      if (spoilt && row.fault.effect.kind !== "latency") continue;
      if (!this.#strikes(row, call, about)) continue;
      row.struck += 1;
      striking.push(row.fault);
    }
    return striking;
  }

  #strikes(row: Row, call: CallName, about: FaultedCall | undefined): boolean {
    const { scaleSet, when } = row.fault;
    const { call: calls, skip = 0, count = Number.POSITIVE_INFINITY, probability = 1, forMs } = row.fault;
    const struck = typeof calls === "string" ? [calls] : calls;
    if (struck !== undefined && !struck.includes(call)) return false;
    if (scaleSet !== undefined && scaleSet !== about?.scaleSet?.id && scaleSet !== about?.scaleSet?.name) return false;
    const now = this.#now();
    if (now < row.startMs || (forMs !== undefined && now >= row.startMs + forMs)) return false;
    if (row.struck >= count) return false;
    if (when !== undefined && (about === undefined || !when(about))) return false;
    row.met += 1;
    if (row.met <= skip) return false;
    // No chance is taken where none is asked for, so that a certain fault leaves the rest of a run as it was.
    return probability >= 1 || this.#random() < probability;
  }
}

/** Calls whose answer has no JSON body to patch, cut or put a mark before. */
const bodiless: readonly CallName[] = [
  "delete-scale-set",
  "remove-runner",
  "close-session",
  "acknowledge-message",
  "runner-close-session",
];

/** Which effects change the body of the real answer, so that there must be one. */
const changesBody: Readonly<Record<Fault["effect"]["kind"], boolean>> = {
  latency: false,
  hang: false,
  reset: false,
  "lost-answer": false,
  answer: false,
  refusal: false,
  "bad-gateway": false,
  "rate-limit": false,
  truncated: true,
  bom: true,
  hidden: false,
  statistics: false,
  patch: true,
};

/** Effects that only some calls can have are aimed at those, by name. @throws TypeError */
function refuseUnfit(
  { kind }: Fault["effect"],
  wanted: Fault["effect"]["kind"],
  calls: readonly CallName[],
  fit: readonly CallName[],
): void {
  if (kind !== wanted || (calls.length > 0 && calls.every((name) => fit.includes(name)))) return;
  throw new TypeError(`not a fault: ${kind} needs a call, one of ${fit.join(", ")}`);
}

/** @throws TypeError for a fault that can never strike */
function refuseImpossible({ call, probability, effect }: Fault): void {
  if (probability === 0) throw new TypeError("not a fault: with probability 0 it never strikes");
  const calls = typeof call === "string" ? [call] : (call ?? []);
  refuseUnfit(effect, "hidden", calls, hidableCalls);
  refuseUnfit(effect, "statistics", calls, countingCalls);
  if (effect.kind === "statistics" && effect.late !== true && Object.keys(effect.off ?? {}).length === 0) {
    throw new TypeError("not a fault: wrong statistics need `off` or `late`");
  }
  if (changesBody[effect.kind] && calls.length > 0 && calls.every((name) => bodiless.includes(name))) {
    throw new TypeError(`not a fault: the answer of ${calls.join(", ")} has no body that ${effect.kind} could change`);
  }
}
