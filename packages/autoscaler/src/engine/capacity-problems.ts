import { demandOf, mostRunners, ownMaximum } from "../core/demand.js";
import type { Fleet } from "../core/fleet.js";
import { asideWakeAt } from "../core/stepping-aside.js";
import type { Problem } from "./problem.js";

/** Why fewer jobs are accepted than the limits allow. */
export function* capacityProblems(fleet: Fleet, now: number): Generator<Problem> {
  yield* asideProblems(fleet, now);
  const { ceiling, aside } = fleet;
  if (aside.state.kind !== "working" || fleet.drainingSince !== undefined) return;
  const { assigned, able } = demandOf(fleet, now);
  const wanted = Math.min(ownMaximum(fleet), fleet.limits.minRunners + assigned);
  if (ceiling.most !== undefined && wanted >= ceiling.most && ceiling.most < mostRunners(fleet)) {
    yield {
      code: "at-ceiling",
      level: "warning",
      message: `the backend has room for ${ceiling.most} runners of this scale set: more jobs may wait at the service`,
      remedy: "make room where runners are made, or lower maxRunners; one more is tried every 5 to 30 minutes",
    };
  }
  if (able === 0 && wanted > 0 && fleet.share === 0 && fleet.session.state === "held") {
    yield {
      code: "waits-for-place",
      level: "notice",
      message:
        "jobs wait, and every place of the limit that the scale sets share is taken: it is next when its turn comes",
      remedy: "raise limits.maxRunners to have more",
    };
  }
}

function* asideProblems(fleet: Fleet, now: number): Generator<Problem> {
  const { state } = fleet.aside;
  switch (state.kind) {
    case "leaving":
    case "aside": {
      const ticket = state.kind === "aside" ? state.ticketFrom !== undefined : state.ticket;
      const seconds = Math.max(0, Math.ceil((asideWakeAt(fleet) - now) / 1_000));
      const next = ticket
        ? "it comes back when a place is free"
        : Number.isFinite(seconds)
          ? `it tries again in ${seconds} s`
          : "it tries again once its last runners are gone";
      yield {
        code: "stepped-aside",
        level: "error",
        message: `no job is accepted, since no runner can be started: ${state.reason} (${next})`,
        remedy: ticket
          ? "raise limits.maxRunners, or run another daemon for this scale set"
          : "remove the cause, then send SIGHUP (kill -HUP) to have it tried at once; another daemon may serve the scale set meanwhile",
      };
      break;
    }
    case "trial":
      yield {
        code: "stepped-aside",
        level: "error",
        message: `no job is accepted: one launch is tried to see whether the cause is gone (${state.reason})`,
        remedy: "wait for the launch; jobs are accepted again once its runner is online",
      };
      break;
    default:
  }
}
