import { coreGround } from "./grounds.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const core = mutantsOf({ ...coreGround, worlds: ["liars", "twoLiars", "clouds", "storm"] });

/** Failures that last, on a fleet alone. */
const law = ["packages/autoscaler/test/core/lasting-trouble.test.ts"];

/** What ends a live runner, what an exit meant, and when readings are asked for. */
export const witnessMutants: readonly Mutant[] = [
  // Seed 350, twoLiars: stale lists, and removals that find no runner.
  core("lost and denied is destroyed", "answers.ts", "if (runner.lost) fleet.remove(runner, at);\n    else ", ""),
  // Seeds 86, 218, 394, twoLiars: stale lists, and removals of runners that they show again.
  core("lost stays lost", "adoption.ts", "if (known.lost) foundAgain(fleet, known, instance, event.at);", ""),
  core(
    "lost and removed comes back",
    "adoption.ts",
    "  // Removed meanwhile: it has nothing to run.\n  if (!runner.mayBeRegistered) return;\n",
    "",
  ),
  // Seed 20, clouds: jobs assigned to places of runners whose end nobody sees.
  core(
    "an unseen end waits as long as a seen one",
    "beliefs.ts",
    "traits.observesExit ? timings.completionGraceMs : timings.completionUnseenMs",
    "timings.completionGraceMs",
  ),
  core(
    "an adopted one that may be long gone is asked about late",
    "beliefs.ts",
    'runner.belief.kind === "unknown"\n    ? at + spread.next(timings.lookUpConfirmMs)\n    : online + spread.next(timings.lookUpMs)',
    "online + spread.next(timings.lookUpMs)",
  ),
  core("what is adopted is asked about for ever", "adoption.ts", "  fleet.keptNames.forget(name);\n", ""),
  core(
    "a destroy that waited ends a runner with a job",
    "rights.ts",
    'if (command === "destroy" && runner !== undefined && !mayBeDestroyed(fleet, runner, now)) return false;',
    "",
  ),
  core(
    "a 404 from before a completion counts after it",
    "beliefs.ts",
    "  if (!traits.observesExit) forget404s(fleet, runner);\n",
    "",
  ),
  core(
    "closed while a runner ends unseen",
    "stepping-aside.ts",
    ' + roster.count("detached") + unseen',
    ' + roster.count("detached")',
  ),
  core(
    "a removal waits behind a question",
    "roster.ts",
    'if (pending === "look-up") return phase === "started" || phase === "detached";',
    "",
  ),
  core(
    "the answer to a question ends another command",
    "outcomes.ts",
    'if (!isOfLookUp(event) || runner.pending === "look-up") ',
    "",
  ),
  core(
    "one 404 ends a detached runner",
    "witness.ts",
    "return runner.absences >= fewest && now >= rowCompleteAt(fleet, runner);",
    "return runner.absences >= 1;",
  ),
  core(
    "a named job has no longer wait",
    "witness.ts",
    'runner.belief.kind === "job" ? witnessNamedMs : witnessMs',
    "witnessMs",
  ),
  core(
    "a runner is its own witness",
    "witness.ts",
    "workers.has(runner) ? workers.size - 1 : workers.size",
    "workers.size",
  ),
  core(
    "running jobs prove nothing",
    "witness.ts",
    "if (running > others) {",
    "if (running > others && runner.foreignSchema) {",
  ),
  core(
    "one reading is enough",
    "witness.ts",
    "if (endsUnseen(fleet, runner) || asOf >= confirmedAt)",
    "if (confirmedAt > 0)",
  ),
  core(
    "few answers are a row",
    "witness.ts",
    "if (at - runner.absentAt > fleet.timings.witnessMs / FEWEST_404S) forget404s(fleet, runner);",
    "",
  ),
  core(
    "an old 404 is fresh",
    "witness.ts",
    "isRowComplete(fleet, runner, now) && now - runner.absentAt < fleet.timings.witnessFreshMs",
    "isRowComplete(fleet, runner, now)",
  ),
  core("a 400 makes no witness", "witness.ts", 'belief.kind === "job" || busyAt >= since', 'belief.kind === "job"'),
  core(
    "another answer is forgotten",
    "answers.ts",
    'if (answer === "present") {\n    forget404s(fleet, runner);',
    'if (answer === "present") {',
  ),
  core(
    "message readings are witnesses",
    "reduce.ts",
    "    fleet.messageReadingAt = at;\n",
    "    fleet.messageReadingAt = at;\n    judgeOpen(fleet, { asOf: at, running: statistics.running });\n",
  ),
  core(
    "a working runner is detached by look-ups",
    "answers.ts",
    'const detaches = runner.phase === "started" && runner.belief.kind !== "job";',
    'const detaches = runner.phase === "started";',
  ),
  core(
    "a false completion ends a runner",
    "answers.ts",
    '    case "finishing":\n    case "detached":\n      works(fleet, runner, at);',
    '    case "detached":\n      works(fleet, runner, at);',
  ),
  core(
    "a completion and a 404 end a runner whose exit is seen",
    "witness.ts",
    'return !traits.observesExit && jobEnded && belief.kind !== "job";',
    'return (traits.observesExit || jobEnded) && jobEnded && belief.kind !== "job";',
  ),
  core(
    "an unanswered start is abandoned",
    "outcomes.ts",
    'event.kind === "transient" ? "retiring" : "abandoned"',
    '"abandoned"',
  ),
  core(
    "an adopted created instance is looked up once",
    "adoption.ts",
    'askTwice: instance.state === "created",',
    "askTwice: false,",
  ),
  core(
    "a list takes a runner that is ended by force for one whose start was carried out",
    "adoption.ts",
    "runner.mayBeRegistered && !runner.forced) {",
    "runner.mayBeRegistered) {",
    { worlds: { none: "no world sets a limit that ends jobs by force beside a backend that fails" } },
  ),
  core(
    "a reading from before a job named a runner counts at the end of its six hours",
    "witness.ts",
    " || runner.agreedAt < completeAt",
    "",
    {
      tests: ["packages/autoscaler/test/core/witness.test.ts"],
      worlds: { none: "no world has a job's message come after 30 min of 404s, and six hours of them then" },
    },
  ),
  core("clocks are never apart", "orphans.ts", "CLOCKS_APART_MS = 15_000", "CLOCKS_APART_MS = 0", {
    tests: ["packages/autoscaler/test/core/long-lives.test.ts"],
    worlds: { none: "a world has one clock" },
  }),
  core("adopted runners have no age", "adoption.ts", "    launchedAt: at - instance.ageMs,\n", ""),
  core(
    "one that an open job names is not able while detached",
    "fleet.ts",
    '      roster.named("detached") +\n      roster.named("abandoned") +\n',
    '      roster.named("abandoned") +\n',
  ),
  core(
    "readings explain no exit",
    "unnamed-work.ts",
    "return since.length > 0;",
    "return since.length > 0 && launchedAt < 0;",
  ),
  core("one counted job explains every exit", "unnamed-work.ts", "reading.left -= 1;", "reading.left -= 0;"),
  core("an unexplained exit holds no place", "demand.ts", "target - able - fleet.verdicts.held", "target - able"),
  core("a 404 after a fast exit is final", "exits.ts", "runner.askTwice ||= fast;", ""),
  core(
    "neutral exits never count",
    "verdicts.ts",
    'return this.#neutralRow >= this.#timings.neutralExits ? "failed" : "neutral";',
    'return "neutral";',
  ),
  core("explained exits end no row", "verdicts.ts", "    this.#neutralRow = 0;\n", ""),
  core(
    "every 404 is a failed boot",
    "verdicts.ts",
    'return this.#neutralRow >= this.#timings.neutralExits ? "failed" : "neutral";',
    'return "failed";',
  ),
  core(
    "idle exits limit no launch for jobs",
    "refill.ts",
    "return this.#row >= this.#timings.idleExitsInRow;",
    "return this.#row > 1e9 * this.#timings.idleExitsInRow;",
  ),
  core("a false 404 leaks a registration", "answers.ts", "runner.deniedOnly = !worked(runner);", ""),
  core(
    "a destroy by the witness rule keeps no name",
    "outcomes.ts",
    "runner.deniedOnly ||= fleet.witness.proved.has(runner);",
    "",
  ),
  core(
    "no reading is asked for in a quiet set",
    "asking.ts",
    "return Math.min(routine, Math.max(this.#wantedFrom, this.#askedAt + askedReadingGapMs));",
    "return Math.max(routine * 1e9, Math.max(this.#wantedFrom, this.#askedAt + askedReadingGapMs));",
  ),
  core(
    "all fleets ask at the same time",
    "spread.ts",
    "this.#value = (this.#value + GOLDEN_RATIO) % 1;",
    "this.#value = GOLDEN_RATIO;",
    { worlds: { none: "a world's few scale sets never come near the pace of a service host" } },
  ),
  core(
    "the queue is not read again",
    "reduce.ts",
    "if (before !== undefined && differs && fleet.messageReadingAt < asOf) fleet.cursorSuspect = true;",
    "",
  ),
  core(
    "counts of nothing are believed",
    "reduce.ts",
    "if (fleet.countsShown || knowsNoRunner(fleet)) return true;",
    "if (fleet.countsShown || fleet !== undefined) return true;",
  ),
  core(
    "asked readings give way to older messages",
    "readings.ts",
    "this.#standsUntil = reading.asOf + this.#timings.sessionReadingMs;",
    "",
  ),
  core(
    "ghosts are counted where counts lie",
    "ghosts.ts",
    "this.#countsUnusable ||= reading.running > 0 && onlineOf(reading) === 0;",
    "",
  ),
  core(
    "the oldest goes in place of one that the service does not know",
    "rules/ghost.ts",
    "fleet.ghosts.found - unknownToService(fleet)",
    "fleet.ghosts.found",
  ),
  core(
    "idle runners are never looked up",
    "beliefs.ts",
    "if (traits.observesExit) return online + spread.next(timings.idleLookUpMs);",
    "if (traits.observesExit) return NEVER;",
  ),
  core("runners of a former set need readings", "orphans.ts", "      runner.formerSet = true;\n", ""),
  core(
    "an end that failed is repeated whatever is known by then",
    "outcomes.ts",
    "  else proveAgain(fleet, runner, at);",
    '  else {\n    runner.mayBeRegistered = false;\n    fleet.move(runner, "abandoned", at, at);\n    again(fleet, runner, at);\n  }',
    { tests: law, worlds: { none: "no world has a destroy that fails after the proof" } },
  ),
  core(
    "one that was asked to go is judged by the counts of another scale set",
    "orphans.ts",
    '(phase !== "started" && phase !== "retiring" && phase !== "detached")',
    'phase !== "started"',
    { tests: law, worlds: { none: "no world loses a scale set while removals get no answer" } },
  ),
  core(
    "the second removal is asked for while the instance is there",
    "answers.ts",
    "runner.deniedOnly = !worked(runner);",
    "if (!worked(runner)) fleet.keptNames.keep(runner, at);",
    { tests: law, worlds: { none: "no world has an instance that can't be destroyed for an hour" } },
  ),
];
