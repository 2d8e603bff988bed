import type { Fleet } from "../core/fleet.js";
import { overdueQuestions } from "../core/witness.js";
import type { Problem } from "./problem.js";

/** What is wrong with runners that live: never online, unknown to the service, or unfit. */
export function* runnerProblems(fleet: Fleet, now: number): Generator<Problem> {
  yield* offline(fleet, now);
  yield* unconfirmed(fleet, now);
  yield* unfit(fleet);
}

function* offline({ ghosts, roster, traits }: Fleet, now: number): Generator<Problem> {
  if (ghosts.countsUnusable) {
    yield {
      code: "counts-unusable",
      level: "notice",
      message:
        "the service counted a running job and no runner online: runners that never come online can't be found by its counts",
      remedy: "nothing to do; such a runner is replaced once a job waits for it",
    };
    return;
  }
  // Those that the counts lack may have ended since.
  if (ghosts.offline === 0 || !roster.anyDue("started", now - traits.bootDeadlineMs)) return;
  const count = ghosts.offline;
  yield {
    code: "runners-offline",
    level: "warning",
    message: `${count} ${count === 1 ? "runner was" : "runners were"} started over ${Math.round(traits.bootDeadlineMs / 1_000)} s ago, and the service does not count ${count === 1 ? "it" : "them"} as online`,
    remedy:
      "check that runners can reach the service from where they run: their proxy settings, DNS, the firewall, and the clock of their machine; scaleset status --runners shows which they are",
  };
}

function* unconfirmed(fleet: Fleet, now: number): Generator<Problem> {
  const questions = overdueQuestions(fleet, now);
  const [first] = questions;
  if (first === undefined) return;
  const hours = Math.floor((now - (first.absentSince ?? now)) / 3_600_000);
  const others = questions.length === 1 ? "" : ` (and ${questions.length - 1} more)`;
  yield {
    code: "runner-unconfirmed",
    level: "warning",
    message: `the service has answered 404 about ${first.name}${others} for ${hours} h, and a running job may be its: it is kept`,
    remedy: "see whether it works (its log, its processes); if it does not, end its instance by hand",
  };
}

function* unfit({ roster }: Fleet): Generator<Problem> {
  const live = [...roster.all()].filter(
    ({ unfit, phase }) => unfit !== undefined && phase !== "exited" && phase !== "abandoned",
  );
  const [first] = live;
  if (first === undefined) return;
  const others = live.length === 1 ? "" : ` (and ${live.length - 1} more)`;
  yield {
    code: "runner-unfit",
    level: "warning",
    message: `${first.name}${others} should take no more work: ${first.unfit}`,
    remedy: "an idle one is replaced, a busy one is left to end its job; fix what its host or engine says is wrong",
  };
}
