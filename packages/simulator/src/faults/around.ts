import type { Around } from "../http/exchange.js";
import type { Journal } from "../journal/journal.js";
import type { Clock } from "../time/clock.js";
import { inject } from "./inject.js";
import type { FaultPlan } from "./plan.js";

/** Lets the faults in force act on every call, and notes each that did. */
export function aroundCalls(options: {
  readonly faults: FaultPlan;
  readonly journal: Journal;
  readonly clock: Clock;
}): Around {
  const { faults, journal, clock } = options;
  return (call, { signal }, next) => {
    let answer = next;
    // The delays are outermost: a call that fails can be slow at it.
    const striking = faults
      .strike(call)
      .sort((a, b) => Number(a.effect.kind === "latency") - Number(b.effect.kind === "latency"));
    for (const { name, effect } of striking) {
      journal.record({ subject: "fault", event: effect.kind, cause: name ?? effect.kind, call });
      const inner = answer;
      answer = () => inject(effect, { clock, signal, next: inner });
    }
    return answer();
  };
}
