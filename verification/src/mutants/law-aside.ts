import { coreGround, daemonGround, engineGround } from "./grounds.js";
import { mutantsOf } from "./mutant.js";

const ASIDE = { tests: ["packages/autoscaler/test/core/aside.test.ts"], worlds: ["broken", "full", "storm"] } as const;
const CHECK = ["packages/autoscaler/test/engine/backend-check.test.ts"];
const sooner = { none: "without it a set returns too, a few minutes later or at the price of a trial more" };
const TIMINGS = {
  tests: ["packages/autoscaler/test/config/timings.test.ts"],
  worlds: { none: "worlds make their settings themselves, and no file is read" },
};

const core = mutantsOf({ ...coreGround, ...ASIDE });
const engine = mutantsOf({ ...engineGround, tests: CHECK, worlds: sooner });
const daemon = mutantsOf({ ...daemonGround, folder: engineGround.folder, worlds: sooner });
const config = mutantsOf({ folder: "packages/autoscaler/src/config/", ...TIMINGS });

/** Coming back from aside (lifecycle.md §3), and waiting times that would stall a scale set. */
export const asideMutants = [
  engine(
    "a check that works again is not reported",
    "backend-check.ts",
    "for (const each of [...this.#waiting]) each();",
    "",
  ),
  engine(
    "every check that succeeds is reported",
    "backend-check.ts",
    "const worksAgain = works && this.#broken;",
    "const worksAgain = works;",
  ),
  engine(
    "a failed check is remembered after the last scale set has stopped waiting",
    "backend-check.ts",
    "if (this.#waiting.size === 0) this.#broken = false;",
    "",
  ),
  engine(
    "a backend is checked though no scale set waits for it",
    "backend-check.ts",
    "this.#waiting.size > 0 || signal.aborted",
    "true",
  ),
  daemon(
    "nothing is checked while a scale set is aside",
    "homes.ts",
    "wanted ? { place: id,",
    "!wanted ? { place: id,",
  ),
  core(
    "a check that works again starts no trial",
    "reduce.ts",
    "if (event.place === fleet.traits.place && waitsForBackend(fleet)) fleet.aside.tryNow(event.at);",
    "",
    { worlds: sooner },
  ),
  core(
    "a check starts the trial of a set that waits for a shared place",
    "stepping-aside.ts",
    'state.kind !== "aside" || state.ticketFrom !== undefined || limits',
    'state.kind !== "aside" || limits',
    { worlds: sooner },
  ),
  core(
    "a 400 for a live runner does not count as a job",
    "answers.ts",
    'if (runner.phase !== "exited" && !worked(runner)) ranWell(fleet, runner.launchedAt);',
    "",
    { worlds: { none: "the set steps aside too early then, and returns by a trial: no job is lost" } },
  ),
  core(
    "a trial waits for its runner without end",
    "stepping-aside.ts",
    "if (failed || at >= trialEndsAt(fleet) || at - openedAt >= longestTrialMs(fleet)) {",
    "if (failed) {",
  ),
  core(
    "SIGHUP does nothing while a set finishes what needs its session",
    "aside.ts",
    'if (this.#state.kind === "leaving") this.#state = { ...this.#state, ticket: false, tryNow: true };',
    "",
    { worlds: sooner },
  ),
  core(
    "SIGHUP is forgotten where the session can be closed next",
    "aside.ts",
    "tryNow ? at : Math.max(at + this.#pauseMs, notBefore)",
    "Math.max(at + this.#pauseMs, notBefore)",
    { worlds: sooner },
  ),
  core(
    "a reserved place is not kept while the first polls wait for a job",
    "aside.ts",
    "reservedUntil: at + this.#timings.reservedPlaceMs,\n        ticketReason",
    "ticketReason",
    { worlds: { none: "another set takes the place a few seconds sooner: no job is lost" } },
  ),
  core(
    "a trial succeeds before what lives was listed",
    "stepping-aside.ts",
    "demand.able > 0 && !fleet.foreign.due && (seen",
    "demand.able > 0 && (seen",
    { worlds: { none: "it polls some seconds too early then, and its list follows" } },
  ),
  config("a lease too short for a call is accepted", "timing-rules.ts", "leaseMs >= LEASE_MIN_MS && ", ""),
  config(
    "waiting times that contradict each other are accepted",
    "timing-rules.ts",
    "...leaseIssues(written.leaseMs, path), ...contradictions",
    "...leaseIssues(written.leaseMs, path)",
  ),
];
