import { dockerMutants } from "./docker.js";
import { lawCapacity } from "./law-capacity.js";
import { lawClientMutants } from "./law-client.js";
import { leaseMutants } from "./law-lease.js";
import { reclaimMutants } from "./law-reclaim.js";
import { witnessMutants } from "./law-witness.js";

/** One wrong on purpose: a text in a source file, which is there exactly once, and what stands there instead. */
export interface Mutant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Unit tests that may catch it, before any world is lived. */
  readonly tests: string;
}

const CORE = "packages/autoscaler/test/core";
const ENGINE = "packages/autoscaler/test/engine";
const CLIENT = "packages/client/test";

/** Of the autoscaler. */
function core(name: string, file: string, find: string, replace: string): Mutant {
  const tests = file.startsWith("engine/") ? ENGINE : CORE;
  return { name, file: `packages/autoscaler/src/${file}`, find, replace, tests };
}

function client(name: string, file: string, find: string, replace: string): Mutant {
  return { name, file: `packages/client/src/${file}`, find, replace, tests: CLIENT };
}

/** Rules by the names of their files, and of what they are in code. */
export const ruleNames = {
  abandoned: "abandoned",
  aside: "aside",
  breaker: "breaker",
  "asked-reading": "askedReading",
  drained: "drained",
  exited: "exited",
  finished: "finished",
  foreign: "foreign",
  ghost: "ghost",
  "idle-age": "idleAge",
  "kept-names": "keptNames",
  launch: "launch",
  orphaned: "orphaned",
  outdated: "outdated",
  overdue: "overdue",
  phantom: "phantom",
  refill: "refill",
  retiring: "retiring",
  "spec-changed": "specChanged",
  standby: "standby",
  surplus: "surplus",
  unfit: "unfit",
  unstarted: "unstarted",
  vanished: "vanished",
  witness: "witness",
} as const;

const withoutRule = Object.entries(ruleNames).map(([name, rule]) =>
  core(`without the rule ${name}`, "core/decide.ts", `["${name}", ${rule}],`, ""),
);

export const mutants: readonly Mutant[] = [
  ...withoutRule,
  ...dockerMutants,
  ...lawCapacity,
  ...lawClientMutants,
  ...leaseMutants,
  ...reclaimMutants,
  ...witnessMutants,
  client(
    "acknowledge before handling",
    "listener/delivery.ts",
    "if (!delivery.settled) {\n      const { generation } = scope;",
    "await this.#acknowledge(messageId, scope);\n    if (!delivery.settled) {\n      const { generation } = scope;",
  ),
  {
    name: "no number of scale sets is too many for a host",
    file: "packages/autoscaler/src/config/rules.ts",
    find: "if (needed <= pace) continue;",
    replace: "if (needed > 0) continue;",
    tests: "packages/autoscaler/test/config",
  },
  {
    name: "who is denied for hours is not reported",
    file: "packages/autoscaler/src/engine/runner-problems.ts",
    find: "yield* unconfirmed(fleet, now);",
    replace: "",
    tests: "packages/autoscaler/test/status",
  },
  core(
    "destroy before deregistering",
    "core/rules/take-down.ts",
    "if (mayBeRegistered && !forced) {",
    "if (mayBeRegistered && forced) {",
  ),
  core(
    "JIT config before create",
    "engine/executor.ts",
    'case "create":\n        return await this.#create(name, signal);',
    'case "create":\n        await this.#requestJit(name, signal);\n        return await this.#create(name, signal);',
  ),
  core(
    "no boot deadline",
    "core/rules/ghost.ts",
    "(runner.startedAt ?? now) + fleet.traits.bootDeadlineMs <= asOf",
    "asOf === Number.POSITIVE_INFINITY",
  ),
  client("cursor kept after a new set", "listener/listener.ts", "this.#cursor.reset();", "this.#cursor.lastMessageId;"),
  core(
    "the same name again after a lost answer",
    "core/outcomes.ts",
    'fleet.launchPause.failed("jit", event.message, event.at);\n      if (runner.phase === "created") fleet.move(runner, "abandoned", event.at, event.at);',
    'fleet.launchPause.failed("jit", event.message, event.at);\n      if (runner.phase === "created") fleet.move(runner, "created", event.at, event.at);',
  ),
  client(
    "two refreshes at once",
    "session/message-session.ts",
    "await this.#refreshing.run(() => this.#refresh(), options.signal);",
    "await this.#refresh();",
  ),
  core(
    "kill on SIGTERM",
    "engine/worker.ts",
    'this.#tell({ type: "stopping" });',
    'for (const { name } of this.#fleet.roster.all()) void this.#placeOf(name).backend.destroy(name, { graceMs: 0, signal: this.#crash.signal }).catch(() => {});\n    this.#tell({ type: "stopping" });',
  ),
  core(
    "act before taking stock",
    "core/rights.ts",
    "fleet.stockTaken(fleet.session.openedAt, now)",
    "fleet.session.openedAt >= 0",
  ),
  core(
    "carry out commands of a session that is lost",
    "engine/executor.ts",
    "if (this.#stopped || generation !== this.#generation || !may(command.type, command.name)) {",
    "if (this.#stopped) {",
  ),
  core("trust an old reading", "core/reduce.ts", "if (redelivered) return;", ""),
  core(
    "count messages as demand",
    "core/reduce.ts",
    "if (assigned.length > 0 && (statistics === undefined || isAllZero(statistics))) {",
    "if (assigned.length > 0) {",
  ),
  // What worlds found, and must find again.
  core("orphans serve the new set's jobs", "core/fleet.ts", " - roster.orphans - roster.foreignEnded) +", ") +"),
  core("a drain forgets who ends unseen", "core/decide.ts", '[...clearing, "overdue", "vanished"]', "[...clearing]"),
  core(
    "old specs judge the new one",
    "core/exits.ts",
    "const current = runner.spec === fleet.traits.spec;",
    "const current = true;",
  ),
  // Seed 44, phantom: with no job to prove it, a healthy probe was never believed, and the minimum was never reached again.
  core("only a job closes a breaker that ghosts tripped", "core/conclusions.ts", "  judgeProbe(fleet, reading);\n", ""),
  core(
    "a restart forgets that a scale set went away",
    "core/orphans.ts",
    'return adopted && belief.kind === "unknown" &&',
    'return adopted && belief.kind === "job" &&',
  ),
  // Seed 8275, vanish: every message of ten minutes was unreadable, so the job that ran was nobody's.
  core(
    "lost news make a runner of a scale set that went away idle",
    "core/orphans.ts",
    "(last?.running ?? 0) <= namedJobs(fleet, lastReadingAt)",
    "true",
  ),
  // Seed 9063, storm: the only machine died and came back; what it had registered took all places for a day.
  core(
    "registrations of a dead machine are runners elsewhere",
    "core/conclusions.ts",
    'traits.scope === "host" ? online : 0',
    'traits.scope === "host" ? reading.registered : 0',
  ),
];

/** @throws Error when the text is not there exactly once */
export function mutate(source: string, { name, file, find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = source.split(find).length - 1;
    throw new Error(`the mutant "${name}" must match exactly once in ${file}, and matches ${times} times`);
  }
  return before + replace + after;
}

/** @throws Error when there is no such mutant */
export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}
