import { coreGround, daemonGround, engineGround } from "./grounds.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const core = mutantsOf({ ...coreGround, worlds: ["full", "broken", "outdated", "storm"] });
const engine = mutantsOf({ ...engineGround, worlds: ["full", "fair", "limits"] });
const daemon = mutantsOf(daemonGround);

/** What is announced, the ceiling of a backend, stepping aside, and shared places (lifecycle.md §3). */
export const lawCapacity: readonly Mutant[] = [
  core("the maximum is announced while launches fail", "capacity.ts", " || degraded(fleet)) return 0", ") return 0"),
  core(
    "launches under way are announced while launches fail",
    "capacity.ts",
    "(degraded(fleet) ? launchesUnderWay(fleet, now) : 0)",
    "0",
  ),
  core("a runner ended by force is announced twice", "capacity.ts", ' - roster.named("abandoned"))', ")"),
  core(
    "a completed job's place is announced though no exit is seen",
    "fleet.ts",
    'phase === "finishing" && this.traits.observesExit',
    'phase === "finishing"',
  ),
  core(
    "a detached runner's place is not wanted beside the job's",
    "demand.ts",
    'ending + roster.count("detached") - named',
    "ending - named",
  ),
  core("a ticket waits for places that only the session clears", "stepping-aside.ts", "|| occupying > 0);", ");"),
  core(
    "a trial without a place forgets the ticket",
    "stepping-aside.ts",
    "const ticket = name === undefined && !degraded(fleet) && lacksShare(fleet);",
    "const ticket = false;",
  ),
  core(
    "a place that comes free while a set leaves is not taken",
    "stepping-aside.ts",
    "worksAfterAll(fleet) || placeCameFree(fleet)",
    "worksAfterAll(fleet)",
  ),
  core(
    "announced before what lives was listed",
    "capacity.ts",
    "if (!fleet.stockTaken(session.openedAt, now)) return 0;",
    "",
  ),
  core(
    "an exit counts beside its place",
    "capacity.ts",
    "fleet.able(now) - fleet.endsSinceReading(now)",
    "fleet.able(now)",
  ),
  core(
    "a place that is not given back stays announced",
    "conclusions.ts",
    "while (fleet.givingBack.takeUntil(at) !== undefined);",
    "",
  ),
  core(
    "a count of runners elsewhere is announced beyond the maximum",
    "capacity.ts",
    "Math.min(fleet.limits.maxRunners, all)",
    "all",
  ),
  core(
    "a false completion gave the place back",
    "fleet.ts",
    'if (phase === "started") this.#givenBack.delete(runner);',
    "",
  ),
  core(
    "the end of a pause unblocks the announcement",
    "launch-pause.ts",
    "    this.#blockedAt = undefined;\n    if (launchedAt",
    "    if (launchedAt",
  ),
  core(
    "a launch from before a block unblocks",
    "launch-pause.ts",
    "if (launchedAt < (this.#blockedAt ?? Number.NEGATIVE_INFINITY)) return;",
    "",
  ),
  core(
    "a held back instance is able",
    "fleet.ts",
    '(launchPause.holdsJit(now) ? 0 : roster.count("created"))',
    'roster.count("created")',
  ),
  core("a trial above the ceiling is able at once", "fleet.ts", "      ceiling.trying +", "      0 +"),
  core("launched above the ceiling", "demand.ts", "Math.max(0, Math.min(free, underCeiling))", "Math.max(0, free)"),
  core(
    "a fallen share destroys what was made",
    "rules/launch.ts",
    "roster.size - ownMaximum(fleet)",
    "roster.size - mostRunners(fleet)",
  ),
  core(
    "a fallen share retires runners whose jobs were accepted",
    "demand.ts",
    "Math.max(0, able - kept)",
    "Math.max(0, able - target)",
  ),
  core(
    "never aside without a runner",
    "stepping-aside.ts",
    "if (at - aside.helplessSince < timings.asideMs) return;",
    "return;",
  ),
  core(
    "never aside without lists",
    "stepping-aside.ts",
    "if (alone && at - listedAt(fleet) >= staleAfterMs(fleet))",
    "if (false)",
  ),
  core(
    "aside with runners that can take a job",
    "stepping-aside.ts",
    "const alone = demand.able === 0 && fleet.foreign.count === 0;",
    "const alone = fleet.foreign.count === 0;",
  ),
  core("aside while the service is silent", "stepping-aside.ts", "if (isUnheard(fleet, at)) return;", ""),
  core("aside for an outage of the service", "reduce.ts", "if (isUnheard(fleet, event.at)) fleet.aside.worked();", ""),
  core("what ends raises the ceiling", "capacity.ts", ' - roster.count("exited") - roster.count("abandoned")', ""),
  core(
    "closed with a removal open",
    "stepping-aside.ts",
    "return open === 0 && !isLaunchingOrAlive(fleet);",
    "return true;",
  ),
  core("a trial polls at once", "stepping-aside.ts", "&& (seen || (lived && blind))", ""),
  core("trials do not slow down", "aside.ts", "this.#pauseMs * 2", "this.#pauseMs"),
  core(
    "a ticket is tried by the clock",
    "stepping-aside.ts",
    "(state.ticketFrom === undefined || occupying > 0);",
    "true;",
  ),
  core("an unpolled session is not refreshed", "decide.ts", "  aside(fleet, now, plan);\n", ""),
  engine(
    "a minimum below the ceiling waits for jobs",
    "backend-ceiling.ts",
    "claim.full || claim.wanted > (shares[index] ?? 0)",
    "claim.full",
    { worlds: { none: "hardly a world ends with a ceiling below the minimum: the last job's trial has raised it" } },
  ),
  engine("one trial above the ceiling after the other", "backend-ceiling.ts", "this.#atOnce * 2", "this.#atOnce"),
  engine(
    "trials above the ceiling do not slow down",
    "backend-ceiling.ts",
    "Math.min(TRY_MAX_MS, this.#pauseMs * 2)",
    "this.#pauseMs",
  ),
  engine("places have no turns", "place-turns.ts", "standing.turn += (live - standing.live) / weight;", ""),
  engine(
    "a set that wanted nothing saves its turns up",
    "place-turns.ts",
    "standing.turn = Math.max(standing.turn, this.#lowest);",
    "",
  ),
  engine(
    "turns that could not be used are saved up",
    "place-turns.ts",
    "standing.turn = Math.max(standing.turn, floor - 1 / weight);",
    "",
  ),
  engine("a freed place is filled before it is divided", "worker.ts", "this.#options.onPlaceFreed?.();", ""),
  daemon(
    "a full set in a quiet world is tried but once",
    "shares.ts",
    "(claim.full ? TRY_MS : TRY_AGAIN_MS)",
    "(claim.full ? TRY_MS : Number.POSITIVE_INFINITY)",
  ),
  daemon("a promised place is given away", "shares.ts", "const held = Math.max(live, promised);", "const held = live;"),
  daemon("aside keeps its slot", "slots.ts", "      this.#stepAside();\n", ""),
  core(
    "a stop polls a session that only tries",
    "stepping-aside.ts",
    "if (fleet.stopping) return;",
    "if (fleet.stopping) return fleet.aside.work();",
    {
      worlds: { none: "no world stops a daemon while its trial is under way" },
    },
  ),
];
