import type { Rule } from "../rule.js";

/** While no job may be accepted: the session is kept by refreshes, and what was launched only to try is retired. */
export const aside: Rule = (fleet, now, plan) => {
  const {
    aside: { state, serving },
    session,
    statisticsAsked,
    timings,
    roster,
  } = fleet;
  if (serving !== "unpolled" || session.state !== "held") return;
  const from = Math.max(session.openedAt, fleet.asking.askedAt) + timings.asideRefreshMs;
  if (statisticsAsked === undefined) {
    if (from > now) plan.wakeAt(from);
    else plan.command({ type: "read-statistics" }, "the session is open without polls: it is refreshed");
  }
  if (state.kind !== "leaving" || fleet.stopping) return;
  for (const runner of roster.due("started", now)) {
    if (!plan.has(runner.name)) plan.retire(runner, `retire ${runner.name}: ${state.reason}`);
  }
};
