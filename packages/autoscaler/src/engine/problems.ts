import { degraded, demandOf } from "../core/demand.js";
import type { Fleet } from "../core/fleet.js";
import type { Runner } from "../core/model.js";
import { capacityProblems } from "./capacity-problems.js";
import type { Problem } from "./problem.js";
import { runnerProblems } from "./runner-problems.js";
import { serviceProblems } from "./service-problems.js";
import type { WorkerFacts } from "./worker-facts.js";

const LEVELS: readonly Problem["level"][] = ["error", "warning", "notice"];

/** A removal that failed so often is worth a look: each attempt comes later than the one before. */
const ATTEMPTS_OF_NOTE = 3;

/** A runner that failed longer ago, with none launched since, says little about the next. */
const FAILURE_OF_LATE_MS = 5 * 60_000;

/** Worst first. */
export function problemsOf(fleet: Fleet, worker: WorkerFacts): Problem[] {
  const found = [
    ...serviceProblems(fleet, worker),
    ...withInstances(worker),
    ...withLaunches(fleet, worker),
    ...(worker.stopped ? [] : capacityProblems(fleet, worker.now)),
    ...withDemand(fleet, worker.now),
    ...withRunners(fleet),
    ...runnerProblems(fleet, worker.now),
  ];
  return sortProblems(found);
}

/** Worst first; of equals the first found. */
export function sortProblems<Any extends Problem>(problems: readonly Any[]): Any[] {
  return problems.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

function* withInstances({ inventory, stopped }: WorkerFacts): Generator<Problem> {
  if (stopped) return;
  for (const message of new Set(inventory)) {
    yield {
      code: "instances-unlisted",
      level: "error",
      message,
      remedy: "see that what runs the instances is up and may be used by this user; it is asked again by itself",
    };
  }
}

function* withLaunches(fleet: Fleet, worker: WorkerFacts): Generator<Problem> {
  const { outdated, breaker, launchPause } = fleet;
  const { now } = worker;
  if (outdated.shutAt !== undefined) {
    yield {
      code: "runner-outdated",
      level: "error",
      message: "the runner's version is deprecated (exit code 7) and gets no job: launches are stopped",
      remedy:
        "install a newer version of the runner; one runner is tried from time to time, and a changed spec at once",
    };
  }
  if (breaker.tripped) {
    yield {
      code: "runners-fail",
      level: "error",
      message: `launches pause: ${breaker.running} runners ${breaker.last}, one after the other${tryAgain(breaker.probesFrom - now)}`,
      remedy: whyRunnersFail(worker),
    };
  } else {
    yield* failingOfLate(fleet, worker);
  }
  if (now >= launchPause.until) return;
  const refused = launchPause.refusing;
  yield {
    code: refused ? "launch-refused" : "launch-failing",
    level: refused ? "error" : "warning",
    message: `launches pause: ${launchPause.reason}${tryAgain(launchPause.until - now)}`,
    remedy: refused
      ? "mend the provisioner's options, or what they speak of; then SIGHUP (kill -HUP) to try at once, or a restart where the daemon has no config file"
      : "it tries again by itself, less and less often; if this lasts, make room for runners or see to what refuses them",
  };
}

/** Too few to pause launches, or not judged yet: the news of a job may come after its runner's exit. */
function* failingOfLate({ breaker, verdicts }: Fleet, worker: WorkerFacts): Generator<Problem> {
  const { now, failedRunners } = worker;
  const counted = breaker.running > 0 && now - breaker.lastAt < FAILURE_OF_LATE_MS;
  // One that did a job ends with 0.
  const open = failedRunners.some(({ name, exitCode }) => exitCode !== 0 && verdicts.has(name));
  if (!counted && !open) return;
  const newest = failedRunners.at(-1);
  const who = newest === undefined ? "a runner" : newest.name;
  const how = open ? "exited at once" : breaker.last;
  const code = newest?.exitCode === undefined ? "" : ` (exit code ${newest.exitCode})`;
  yield {
    code: "runner-failed",
    level: "warning",
    message: `${who} ${how}${code}, and no runner has come up since`,
    remedy: whyRunnersFail(worker),
  };
}

function whyRunnersFail({ failedRunners }: WorkerFacts): string {
  const newest = failedRunners.at(-1);
  if (newest === undefined) return "start one by hand with the same command and see what it says";
  const lastLine = newest.output.trimEnd().split("\n").at(-1)?.trim() ?? "";
  if (lastLine === "") return `see why ${newest.name} ended (exit code ${newest.exitCode ?? "unknown"})`;
  return `see what they printed (scaleset status --runners); the last line of ${newest.name}: ${lastLine.slice(0, 300)}`;
}

function tryAgain(ms: number): string {
  return ms > 0 && Number.isFinite(ms) ? ` (tried again in ${Math.ceil(ms / 1_000)} s)` : "";
}

function* withDemand(fleet: Fleet, now: number): Generator<Problem> {
  const { phantom, limits, share } = fleet;
  const reading = fleet.reading(now);
  if (phantom.active(now) && reading !== undefined) {
    yield {
      code: "phantom-demand",
      level: "warning",
      message: `the service counts ${reading.assigned - reading.running} waiting jobs and gives none to the ${reading.idle} idle runners`,
      remedy:
        "nothing is launched for them; if those jobs are real, cancel and run them again, and see the service's status page",
    };
  }
  const { assigned, most } = demandOf(fleet, now);
  // The service assigns no more jobs than the announced capacity: how many wait beyond it, it does not say. While nothing
  // is launched for other reasons, those are said.
  const full = most > 0 && assigned > 0 && assigned >= most && !degraded(fleet) && fleet.drainingSince === undefined;
  if (full && reading !== undefined) {
    yield {
      code: "at-maximum",
      level: "notice",
      message: `as many runners are wanted as there may be (${most}): more jobs may wait at the service`,
      remedy:
        share !== undefined && share < limits.maxRunners
          ? "raise the limit that the scale sets share to have more"
          : "raise maxRunners to have more",
    };
  }
}

function* withRunners(fleet: Fleet): Generator<Problem> {
  const stuck: Runner[] = [];
  let newer = 0;
  for (const runner of fleet.roster.all()) {
    if (runner.foreignSchema) newer += 1;
    else if (runner.attempts >= ATTEMPTS_OF_NOTE && runner.phase !== "started") stuck.push(runner);
  }
  const [first] = stuck;
  if (first !== undefined) {
    const what =
      stuck.length === 1 ? "a runner can't be removed:" : `${stuck.length} runners can't be removed, among them`;
    yield {
      code: "removal-failing",
      level: "warning",
      message: `${what} ${first.name} (${first.phase}, ${first.attempts} attempts)`,
      remedy: "they take up places until they are gone; the log says why each attempt failed",
    };
  }
  if (fleet.roster.orphans > 0) {
    yield {
      code: "orphaned-runners",
      level: "warning",
      message: `the scale set went away at the service and came back under a new id: ${fleet.roster.orphans} runners of the old one are left until they exit`,
      remedy: "find out who deleted the scale set; nothing else is to be done",
    };
  }
  const unknown = fleet.roster.count("detached");
  if (unknown > 0 && fleet.session.state !== "held") {
    yield {
      code: "runners-left",
      level: "warning",
      message: `${unknown} runners that the service does not know are left until they exit: without the session nothing shows that they have no job`,
      remedy: "they may be at work; if they do not exit for hours, see what runs in them and end them by hand",
    };
  }
  if (newer > 0) {
    yield {
      code: "newer-labels",
      level: "warning",
      message: `${newer} instances carry labels of a newer version of this program: they count, and are not touched`,
      remedy: "run that version again, or end those instances by hand",
    };
  }
}
