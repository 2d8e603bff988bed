import type { WorldName } from "../worlds/kinds.js";
import { dockerMutants } from "./docker.js";
import { clientGround, coreGround, engineGround } from "./grounds.js";
import { asideMutants } from "./law-aside.js";
import { lawCapacity } from "./law-capacity.js";
import { lawClientMutants } from "./law-client.js";
import { leaseMutants } from "./law-lease.js";
import { reclaimMutants } from "./law-reclaim.js";
import { witnessMutants } from "./law-witness.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const core = mutantsOf(coreGround);
const engine = mutantsOf(engineGround);
const client = mutantsOf(clientGround);
const configured = mutantsOf({
  folder: "packages/autoscaler/src/config/",
  tests: ["packages/autoscaler/test/config"],
  worlds: { none: "worlds read no config file" },
});

/** Rules by the names of their files: what they are in code, and the worlds that miss them. */
export const rules = {
  abandoned: ["abandoned", "crash"],
  aside: ["aside", "storm", "broken"],
  breaker: ["breaker", "storm", "outdated"],
  "asked-reading": ["askedReading", "deaf"],
  drained: ["drained", "reload"],
  exited: ["exited", "calm"],
  finished: ["finished", "clouds"],
  foreign: ["foreign", "takeover", "frozen", "broken"],
  ghost: ["ghost", "storm", "outdated"],
  "idle-age": ["idleAge", "limits"],
  "kept-names": ["keptNames", "liars", "twoLiars"],
  launch: ["launch", "calm"],
  orphaned: ["orphaned", "vanish", "edits"],
  outdated: ["outdated", "outdated"],
  overdue: ["overdue", "limits"],
  phantom: ["phantom", "phantom"],
  refill: ["refill", "outdated", "storm"],
  retiring: ["retiring", "calm", "storm"],
  "spec-changed": ["specChanged", "reload"],
  standby: ["standby", "takeover", "frozen"],
  surplus: ["surplus", "takeover", "reload", "phantom"],
  unfit: ["unfit", "storm", "shared", "strangers"],
  unstarted: ["unstarted", "takeover", "shared", "strangers"],
  vanished: ["vanished", "clouds", "vanish"],
  witness: ["witness", "liars", "frozen"],
} as const satisfies Record<string, readonly [string, WorldName, ...WorldName[]]>;

const withoutRule = Object.entries(rules).map(([name, [rule, ...worlds]]) =>
  core(`without the rule ${name}`, "decide.ts", `["${name}", ${rule}],`, "", { worlds }),
);

export const mutants: readonly Mutant[] = [
  ...withoutRule,
  ...dockerMutants,
  ...asideMutants,
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
  configured(
    "no number of scale sets is too many for a host",
    "rules.ts",
    "if (needed <= pace) continue;",
    "if (needed > 0) continue;",
  ),
  engine("who is denied for hours is not reported", "runner-problems.ts", "yield* unconfirmed(fleet, now);", "", {
    tests: ["packages/autoscaler/test/status"],
    worlds: { none: "it changes what status says, not what is done" },
  }),
  core(
    "what another machine launched while a set was aside is not counted",
    "reduce.ts",
    'if (fleet.aside.serving === "aside") fleet.foreign.stoodBy();',
    "",
    { worlds: { none: "a session closed for over 50 s has its runners counted again in any case" } },
  ),
  core(
    "destroy before deregistering",
    "rules/take-down.ts",
    "if (mayBeRegistered && !forced) {",
    "if (mayBeRegistered && forced) {",
  ),
  engine(
    "JIT config before create",
    "executor.ts",
    'case "create":\n        return await this.#create(name, signal);',
    'case "create":\n        await this.#requestJit(name, signal);\n        return await this.#create(name, signal);',
  ),
  core(
    "no boot deadline",
    "rules/ghost.ts",
    "(runner.startedAt ?? now) + fleet.traits.bootDeadlineMs <= asOf",
    "asOf === Number.POSITIVE_INFINITY",
    { worlds: ["outdated", "storm"] },
  ),
  client("cursor kept after a new set", "listener/listener.ts", "this.#cursor.reset();", "this.#cursor.lastMessageId;"),
  core(
    "the same name again after a lost answer",
    "outcomes.ts",
    'fleet.launchPause.failed("jit", event.message, event.at);\n      if (runner.phase === "created") fleet.move(runner, "abandoned", event.at, event.at);',
    'fleet.launchPause.failed("jit", event.message, event.at);\n      if (runner.phase === "created") fleet.move(runner, "created", event.at, event.at);',
  ),
  client(
    "two refreshes at once",
    "session/message-session.ts",
    "await this.#refreshing.run(() => this.#refresh(), options.signal);",
    "await this.#refresh();",
  ),
  engine(
    "kill on SIGTERM",
    "worker.ts",
    'this.#tell({ type: "stopping" });',
    'for (const { name } of this.#fleet.roster.all()) void this.#placeOf(name).backend.destroy(name, { graceMs: 0, signal: this.#crash.signal }).catch(() => {});\n    this.#tell({ type: "stopping" });',
  ),
  core(
    "act before taking stock",
    "rights.ts",
    "fleet.stockTaken(fleet.session.openedAt, now)",
    "fleet.session.openedAt >= 0",
    { worlds: ["takeover", "shared", "crash"] },
  ),
  engine(
    "carry out commands of a session that is lost",
    "executor.ts",
    "if (this.#stopped || generation !== this.#generation || !may(command.type, command.name)) {",
    "if (this.#stopped) {",
  ),
  core("trust an old reading", "reduce.ts", "if (redelivered) return;", ""),
  core(
    "count messages as demand",
    "reduce.ts",
    "if (assigned.length > 0 && (statistics === undefined || isAllZero(statistics))) {",
    "if (assigned.length > 0) {",
  ),
  // What worlds found, and must find again.
  core("orphans serve the new set's jobs", "fleet.ts", " - roster.orphans - roster.foreignEnded) +", ") +", {
    worlds: ["vanish"],
  }),
  core("a drain forgets who ends unseen", "decide.ts", '[...clearing, "overdue", "vanished"]', "[...clearing]", {
    worlds: ["reload", "clouds"],
  }),
  core(
    "old specs judge the new one",
    "exits.ts",
    "const current = runner.spec === fleet.traits.spec;",
    "const current = true;",
    { worlds: ["reload"] },
  ),
  // Seed 44, phantom: with no job to prove it, a healthy probe was never believed, and the minimum was never reached again.
  core("only a job closes a breaker that ghosts tripped", "conclusions.ts", "  judgeProbe(fleet, reading);\n", "", {
    worlds: ["phantom"],
  }),
  core(
    "a restart forgets that a scale set went away",
    "orphans.ts",
    'return adopted && belief.kind === "unknown" &&',
    'return adopted && belief.kind === "job" &&',
    { worlds: ["vanish"] },
  ),
  // Seed 8275, vanish: every message of ten minutes was unreadable, so the job that ran was nobody's.
  core(
    "lost news make a runner of a scale set that went away idle",
    "orphans.ts",
    "(last?.running ?? 0) <= namedJobs(fleet, lastReadingAt)",
    "true",
    { worlds: ["vanish"] },
  ),
  // Seed 9063, storm: the only machine died and came back; what it had registered took all places for a day.
  core(
    "registrations of a dead machine are runners elsewhere",
    "conclusions.ts",
    'traits.scope === "host" ? online : 0',
    'traits.scope === "host" ? reading.registered : 0',
    { worlds: ["storm"] },
  ),
];

/** @throws Error when there is no such mutant */
export function mutantNamed(name: string): Mutant {
  const mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant "${name}"`);
  return mutant;
}
