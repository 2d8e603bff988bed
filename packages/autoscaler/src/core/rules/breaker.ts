import type { Rule } from "../rule.js";

/** Runners that fail one after the other pause launches, longer each time (F20); then one at a time may try. */
export const breaker: Rule = (fleet, now, plan) => {
  if (!fleet.breaker.tripped) return;
  const { running, last } = fleet.breaker;
  const why = `${running} runners ${last}, one after the other`;
  plan.because(`launches pause: ${why}`);
  plan.limitLaunches(fleet.breaker.allowance(now), why);
  plan.wakeAt(fleet.breaker.probesFrom);
};
