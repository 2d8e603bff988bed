import { inject } from "../faults/inject.js";
import type { FaultPlan } from "../faults/plan.js";
import { EarlierStatistics } from "../faults/statistics.js";
import type { Journal } from "../journal/journal.js";
import type { Clock } from "../time/clock.js";
import type { Around, Exchange } from "./exchange.js";

/** Lets the faults in force act on every call, and notes each that did. */
export function aroundCalls(options: {
  readonly faults: FaultPlan;
  readonly journal: Journal;
  readonly clock: Clock;
  /** The scale set that a request is about. */
  readonly scaleSetOf: (exchange: Exchange) => { readonly id: number; readonly name: string } | undefined;
}): Around {
  const { faults, journal, clock, scaleSetOf } = options;
  const earlier = new EarlierStatistics();
  return (call, exchange, next) => {
    const { signal, notes, url, headers, request } = exchange;
    const scaleSet = faults.size === 0 ? undefined : scaleSetOf(exchange);
    let answer = next;
    // The delays are outermost: a call that fails can be slow at it.
    const striking = faults
      .strike(call, { call, method: request.method, url, headers, scaleSet })
      .sort((a, b) => Number(a.effect.kind === "latency") - Number(b.effect.kind === "latency"));
    for (const { name, effect } of striking) {
      notes.fault = name ?? effect.kind;
      journal.record({
        subject: "fault",
        event: effect.kind,
        cause: notes.fault,
        call,
        ...(scaleSet === undefined ? {} : { scaleSetId: scaleSet.id }),
      });
      const inner = answer;
      answer = () => inject(effect, { clock, signal, call, scaleSetId: scaleSet?.id, earlier, next: inner });
    }
    return answer();
  };
}
