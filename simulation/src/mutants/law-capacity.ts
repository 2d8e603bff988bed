import type { Mutant } from "./mutants.js";

const CORE = "packages/autoscaler/test/core";
const LAUNCH = `${CORE}/launch.test.ts`;

/** What is announced, the ceiling of a backend and shared places (lifecycle.md §3). */
export const lawCapacity: readonly Mutant[] = [
  mutant(
    "the maximum is announced while launches fail",
    LAUNCH,
    "core/capacity.ts",
    " || degraded(fleet)) return 0",
    ") return 0",
  ),
  mutant(
    "launches under way are announced while launches fail",
    LAUNCH,
    "core/capacity.ts",
    "(degraded(fleet) ? launchesUnderWay(fleet, now) : 0)",
    "0",
  ),
  mutant(
    "a runner ended by force is announced twice",
    LAUNCH,
    "core/capacity.ts",
    ' - roster.named("abandoned"))',
    ")",
  ),
  mutant(
    "a completed job's place is announced though no exit is seen",
    LAUNCH,
    "core/fleet.ts",
    'phase === "finishing" && this.traits.observesExit',
    'phase === "finishing"',
  ),
  mutant(
    "a detached runner's place is not wanted beside the job's",
    LAUNCH,
    "core/demand.ts",
    'ending + roster.count("detached") - named',
    "ending - named",
  ),
  mutant(
    "announced before what lives was listed",
    LAUNCH,
    "core/capacity.ts",
    "if (!fleet.stockTaken(session.openedAt, now)) return 0;",
    "",
  ),
  mutant(
    "an exit counts beside its place",
    LAUNCH,
    "core/capacity.ts",
    "fleet.able(now) - fleet.endsSinceReading(now)",
    "fleet.able(now)",
  ),
  mutant(
    "a place that is not given back stays announced",
    LAUNCH,
    "core/conclusions.ts",
    "while (fleet.givingBack.takeUntil(at) !== undefined);",
    "",
  ),
  mutant(
    "the end of a pause unblocks the announcement",
    LAUNCH,
    "core/launch-pause.ts",
    "    this.#blockedAt = undefined;\n    if (launchedAt",
    "    if (launchedAt",
  ),
  mutant(
    "a launch from before a block unblocks",
    LAUNCH,
    "core/launch-pause.ts",
    "if (launchedAt < (this.#blockedAt ?? Number.NEGATIVE_INFINITY)) return;",
    "",
  ),
  mutant(
    "a held back instance is able",
    LAUNCH,
    "core/fleet.ts",
    '(launchPause.holdsJit(now) ? 0 : roster.count("created"))',
    'roster.count("created")',
  ),
  mutant("a trial above the ceiling is able at once", LAUNCH, "core/fleet.ts", "      ceiling.trying +", "      0 +"),
  mutant(
    "launched above the ceiling",
    LAUNCH,
    "core/demand.ts",
    "Math.max(0, Math.min(free, underCeiling))",
    "Math.max(0, free)",
  ),
  mutant(
    "a fallen share destroys what was made",
    `${CORE}/strange-demand.test.ts`,
    "core/rules/launch.ts",
    "roster.size - ownMaximum(fleet)",
    "roster.size - mostRunners(fleet)",
  ),
  mutant(
    "a fallen share retires runners whose jobs were accepted",
    `${CORE}/strange-demand.test.ts`,
    "core/demand.ts",
    "Math.max(0, able - kept)",
    "Math.max(0, able - target)",
  ),
  mutant(
    "what ends raises the ceiling",
    "packages/autoscaler/test/core/launch.test.ts",
    "core/capacity.ts",
    ' - roster.count("exited") - roster.count("abandoned")',
    "",
  ),
  mutant(
    "one trial above the ceiling after the other",
    "packages/autoscaler/src/engine/backend-ceiling.test.ts",
    "engine/backend-ceiling.ts",
    "this.#atOnce * 2",
    "this.#atOnce",
  ),
  mutant(
    "trials above the ceiling do not slow down",
    "packages/autoscaler/src/engine/backend-ceiling.test.ts",
    "engine/backend-ceiling.ts",
    "Math.min(TRY_MAX_MS, this.#pauseMs * 2)",
    "this.#pauseMs",
  ),
  mutant(
    "places have no turns",
    "packages/autoscaler/src/engine/place-turns.test.ts",
    "engine/place-turns.ts",
    "standing.turn += (live - standing.live) / weight;",
    "",
  ),
  mutant(
    "a set that wanted nothing saves its turns up",
    "packages/autoscaler/src/engine/place-turns.test.ts",
    "engine/place-turns.ts",
    "standing.turn = Math.max(standing.turn, this.#lowest);",
    "",
  ),
  mutant(
    "turns that could not be used are saved up",
    "packages/autoscaler/src/engine/place-turns.test.ts",
    "engine/place-turns.ts",
    "standing.turn = Math.max(standing.turn, floor - 1 / weight);",
    "",
  ),
  mutant(
    "a freed place is filled before it is divided",
    "packages/autoscaler/test/law",
    "engine/worker.ts",
    "this.#options.onPlaceFreed?.();",
    "",
  ),
  mutant(
    "a full set in a quiet world is tried but once",
    "packages/autoscaler/test/daemon/shares.test.ts",
    "daemon/shares.ts",
    "(claim.full ? TRY_MS : TRY_AGAIN_MS)",
    "(claim.full ? TRY_MS : Number.POSITIVE_INFINITY)",
  ),
  mutant(
    "a promised place is given away",
    "packages/autoscaler/test/daemon/shares.test.ts",
    "daemon/shares.ts",
    "const held = Math.max(live, promised);",
    "const held = live;",
  ),
  mutant(
    "aside keeps its slot",
    "packages/autoscaler/test/daemon/slots.test.ts",
    "daemon/slots.ts",
    "      this.#stepAside();\n",
    "",
  ),
];

function mutant(name: string, tests: string, file: string, find: string, replace: string): Mutant {
  return { name, file: `packages/autoscaler/src/${file}`, find, replace, tests };
}
