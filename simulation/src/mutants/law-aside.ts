import type { Mutant } from "./mutants.js";

const ASIDE = "packages/autoscaler/test/core/aside.test.ts";
const CHECK = "packages/autoscaler/test/engine/backend-check.test.ts";

/** Stepping aside and coming back (lifecycle.md §3). */
export const lawAside: readonly Mutant[] = [
  mutant(
    "a ticket waits for places that only the session clears",
    ASIDE,
    "core/stepping-aside.ts",
    "|| occupying > 0);",
    ");",
  ),
  mutant(
    "a trial without a place forgets the ticket",
    ASIDE,
    "core/stepping-aside.ts",
    "const ticket = name === undefined && !degraded(fleet) && lacksShare(fleet);",
    "const ticket = false;",
  ),
  mutant(
    "a place that comes free while a set leaves is not taken",
    ASIDE,
    "core/stepping-aside.ts",
    "worksAfterAll(fleet) || placeCameFree(fleet)",
    "worksAfterAll(fleet)",
  ),
  mutant(
    "never aside without a runner",
    ASIDE,
    "core/stepping-aside.ts",
    "if (at - aside.helplessSince < timings.asideMs) return;",
    "return;",
  ),
  mutant(
    "never aside without lists",
    ASIDE,
    "core/stepping-aside.ts",
    "if (alone && at - listedAt(fleet) >= staleAfterMs(fleet))",
    "if (false)",
  ),
  mutant(
    "aside with runners that can take a job",
    ASIDE,
    "core/stepping-aside.ts",
    "const alone = demand.able === 0 && fleet.foreign.count === 0;",
    "const alone = fleet.foreign.count === 0;",
  ),
  mutant("aside while the service is silent", ASIDE, "core/stepping-aside.ts", "if (isUnheard(fleet, at)) return;", ""),
  mutant(
    "aside for an outage of the service",
    ASIDE,
    "core/reduce.ts",
    "if (isUnheard(fleet, event.at)) fleet.aside.worked();",
    "",
  ),
  mutant(
    "closed with a removal open",
    ASIDE,
    "core/stepping-aside.ts",
    "return open === 0 && !isLaunchingOrAlive(fleet);",
    "return true;",
  ),
  mutant("a trial polls at once", ASIDE, "core/stepping-aside.ts", "&& (seen || (lived && blind))", ""),
  mutant("trials do not slow down", ASIDE, "core/aside.ts", "this.#pauseMs * 2", "this.#pauseMs"),
  mutant(
    "a ticket is tried by the clock",
    ASIDE,
    "core/stepping-aside.ts",
    "(state.ticketFrom === undefined || occupying > 0);",
    "true;",
  ),
  mutant("an unpolled session is not refreshed", ASIDE, "core/decide.ts", "  aside(fleet, now, plan);\n", ""),
  mutant(
    "a check that works again is not reported",
    CHECK,
    "engine/backend-check.ts",
    "for (const each of [...this.#waiting]) each();",
    "",
  ),
  mutant(
    "every check that succeeds is reported",
    CHECK,
    "engine/backend-check.ts",
    "const worksAgain = works && this.#broken;",
    "const worksAgain = works;",
  ),
  mutant(
    "a failed check is remembered after the last scale set has stopped waiting",
    CHECK,
    "engine/backend-check.ts",
    "if (this.#waiting.size === 0) this.#broken = false;",
    "",
  ),
  mutant(
    "a backend is checked though no scale set waits for it",
    CHECK,
    "engine/backend-check.ts",
    "this.#waiting.size > 0 || signal.aborted",
    "true",
  ),
  mutant(
    "a check that works again starts no trial",
    ASIDE,
    "core/reduce.ts",
    "if (event.place === fleet.traits.place && waitsForBackend(fleet)) fleet.aside.tryNow(event.at);",
    "",
  ),
  mutant(
    "a check starts the trial of a set that waits for a shared place",
    ASIDE,
    "core/stepping-aside.ts",
    'state.kind !== "aside" || state.ticketFrom !== undefined || limits',
    'state.kind !== "aside" || limits',
  ),
  mutant(
    "nothing is checked while a scale set is aside",
    "packages/autoscaler/test/daemon/aside.test.ts",
    "engine/homes.ts",
    "wanted ? { place: id,",
    "!wanted ? { place: id,",
  ),
  mutant(
    "a 400 for a live runner does not count as a job",
    ASIDE,
    "core/answers.ts",
    'if (runner.phase !== "exited" && !worked(runner)) ranWell(fleet, runner.launchedAt);',
    "",
  ),
  mutant(
    "a trial waits for its runner without end",
    ASIDE,
    "core/stepping-aside.ts",
    "if (failed || at >= trialEndsAt(fleet) || at - openedAt >= longestTrialMs(fleet)) {",
    "if (failed) {",
  ),
];

function mutant(name: string, tests: string, file: string, find: string, replace: string): Mutant {
  return { name, file: `packages/autoscaler/src/${file}`, find, replace, tests };
}
