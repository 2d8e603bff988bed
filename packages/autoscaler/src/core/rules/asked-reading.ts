import type { Rule } from "../rule.js";

/**
 * Asks for statistics when the newest are old: a message may have expired in the queue. Where an asked reading differs
 * from what messages said, the queue may have restarted, so the next poll asks for its oldest message.
 */
export const askedReading: Rule = (fleet, now, plan) => {
  if (fleet.cursorSuspect) {
    plan.command(
      { type: "restart-cursor" },
      "the service counts other jobs than its messages said: read the queue again",
    );
  }
  if (fleet.statisticsAsked !== undefined) return;
  const from = fleet.asking.dueAt(fleet.reading(now)?.asOf ?? Number.NEGATIVE_INFINITY);
  if (from > now) plan.wakeAt(from);
  else {
    const why = fleet.asking.wanted ? "a question about a runner needs a fresh count" : "the newest statistics are old";
    plan.command({ type: "read-statistics" }, why);
  }
};
