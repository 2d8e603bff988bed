import { coreGround, engineGround, serviceGround } from "./grounds.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const core = mutantsOf({ ...coreGround, worlds: ["takeover", "frozen", "shared", "reload"] });
const engine = mutantsOf(engineGround);
const service = mutantsOf(serviceGround);

/** The lease, rights without a session, the drain, and the budget of questions. */
export const leaseMutants: readonly Mutant[] = [
  engine(
    "the lease counts from the answer",
    "lease.ts",
    "this.#sentAt = Math.max(this.#sentAt, sentAt);",
    "this.#sentAt = this.#options.clock.uptime() + 0 * sentAt;",
  ),
  engine(
    "the lease stands still while the machine sleeps",
    "lease.ts",
    "this.#options.lastsMs - this.#options.clock.uptime();",
    "this.#options.lastsMs - this.#options.clock.monotonic();",
  ),
  engine(
    "commands do not need the lease",
    "executor.ts",
    'return type !== "look-up" && !this.#options.mayWithoutLease(type, name);',
    "return type === name && !this.#options.mayWithoutLease(type, name);",
  ),
  engine("a lapsed lease drops a command at once", "lease.ts", "    await this.#renewal;\n", ""),
  engine(
    "each command refreshes by itself",
    "lease.ts",
    "this.#renewal ??= this.#renew(",
    "this.#renewal = this.#renew(",
  ),
  engine("refreshes without a pause", "lease.ts", "RETRY_MIN_MS * 2 ** attempt) *", "0 * 2 ** attempt) *"),
  engine(
    "a refresh in place of the acknowledgement under way",
    "lease.ts",
    "if (staleMs < STALE_POLL_MS) this.#acknowledging = true;",
    "if (staleMs < STALE_POLL_MS) this.#acknowledging = false;",
    { worlds: { none: "it costs a request more, and nothing else" } },
  ),
  engine(
    "waits for an acknowledgement that is over",
    "lease.ts",
    "    if (!this.#acknowledging) return;\n    this.#acknowledging = false;",
    "    if (!this.#acknowledging) return;",
  ),
  engine(
    "trusts the acknowledgement of a stale message",
    "lease.ts",
    "if (staleMs < STALE_POLL_MS) this",
    "if (staleMs < Number.POSITIVE_INFINITY) this",
  ),
  engine(
    "waits for the lease past the end of its session",
    "lease.ts",
    'this.#session?.abort(new Error("the session ended"));',
    "",
  ),
  engine(
    "calls the service with a moment of the lease left",
    "executor.ts",
    "return asksService.has(type) ? CALL_NEEDS_MS : 0;",
    "return asksService.has(type) ? 0 : 0;",
  ),
  engine(
    "a call to the service outlives the lease",
    "executor.ts",
    "asksService.has(command.type) ? leaseMs : Number.POSITIVE_INFINITY",
    "asksService.has(command.type) ? Number.POSITIVE_INFINITY : leaseMs",
  ),
  engine(
    "acts on a lease that lapsed while it waited for a place",
    "executor.ts",
    "if (leaseMs <= needMs(command)) return false;",
    "",
  ),
  engine(
    "carries out commands of a session that is lost",
    "executor.ts",
    "if (this.#stopped || generation !== this.#generation || !may(command.type, command.name)) {",
    "if (this.#stopped) {",
  ),
  engine(
    "a JIT config stays when its runner is gone",
    "executor.ts",
    "if (spent || !this.#options.isThere(command.name)) this",
    "if (spent) this",
  ),
  engine(
    "JIT configs are kept for ever",
    "executor.ts",
    "if (spent || !this.#options.isThere(command.name)) this.#jitConfigs.delete(command.name);",
    "",
  ),
  engine(
    "look-ups take the places of removals",
    "executor.ts",
    'if (command.type === "look-up") return await task();',
    "",
  ),
  engine(
    "look-ups have no budget",
    "executor.ts",
    "await asks?.take({ signal: this.#noMore.signal })",
    "await Promise.resolve(asks)",
    { worlds: { none: "a world's few scale sets never come near the pace of a service host" } },
  ),
  engine(
    "refreshes of a session open without polls wait for the budget",
    "worker.ts",
    'if (this.#serving === "unpolled") return;',
    "",
    {
      tests: ["packages/autoscaler/test/engine/worker.test.ts"],
      worlds: { none: "a world's few scale sets never come near the pace of a service host" },
    },
  ),
  engine(
    "a question that waits for the budget is not asked when its session is polled no longer",
    "worker.ts",
    'if (aside.serving === "unpolled") this.#askAtOnce();',
    "",
    {
      tests: ["packages/autoscaler/test/engine/worker.test.ts"],
      worlds: { none: "a world's few scale sets never come near the pace of a service host" },
    },
  ),
  engine("questions take all of the pace", "ask-budget.ts", "const PART = 0.1;", "const PART = 1;", {
    worlds: { none: "a world's few scale sets never come near the pace of a service host" },
  }),
  engine(
    "questions wait in line with launches",
    "ask-budget.ts",
    "Math.max(this.#nextAt - this.#clock.monotonic(), this.#pace.waitMs)",
    "this.#nextAt - this.#clock.monotonic() + 0 * this.#pace.waitMs",
    { worlds: { none: "a world's few scale sets never come near the pace of a service host" } },
  ),
  engine(
    "what a refresh counts is not heard",
    "worker.ts",
    "if (statistics !== undefined && !signal.aborted) this.#tell",
    "if (statistics === undefined && !signal.aborted) this.#tell",
  ),
  core(
    "decides on and on while the service does not answer",
    "outcomes.ts",
    'if (event.why === "lease") fleet.leaseMissed = true;',
    "",
  ),
  core(
    "acts before taking stock",
    "rights.ts",
    "fleet.stockTaken(fleet.session.openedAt, now)",
    "fleet.session.openedAt >= 0",
  ),
  core(
    "without a session clears what others made",
    "rights.ts",
    "runner === undefined || !runner.own ||",
    "runner === undefined ||",
  ),
  core(
    "clears at once when the session is lost",
    "rights.ts",
    "session.since + timings.sessionLostMs",
    "session.since",
  ),
  core(
    "a standby clears nothing that ended",
    "rights.ts",
    '    case "exited":\n    case "finishing":\n      return true;',
    '    case "exited":\n    case "finishing":\n      return drained;',
  ),
  core(
    "a standby keeps what was never started",
    "rights.ts",
    'return fleet.session.state !== "held";',
    "return drained;",
  ),
  core(
    "a standby never lets idle runners go",
    "rights.ts",
    'command === "deregister" && isNobodyElses(fleet, runner, now);\n    default',
    'command === "look-up";\n    default',
  ),
  core(
    "a standby takes idle runners from a shared backend",
    "rights.ts",
    'session.state !== "standby" || traits.scope !== "host" || stopping',
    'session.state !== "standby" || traits.scope === undefined || stopping',
  ),
  core(
    "a stopping standby lets idle runners go",
    "rights.ts",
    'traits.scope !== "host" || stopping) return',
    'traits.scope !== "host" || (stopping && traits.spec === "")) return',
  ),
  core(
    "an unnamed holder is taken for another daemon",
    "rights.ts",
    "session.holder === undefined ? timings.standbyUnnamedMs : timings.standbyIdleMs",
    "session.holder === undefined ? timings.standbyIdleMs : timings.standbyIdleMs",
  ),
  core(
    "another name begins a standby's wait again",
    "reduce.ts",
    "(session.holder === undefined) === (holder === undefined);",
    "session.holder === holder;",
  ),
  core(
    "a standby's wait goes on when the holder is named no longer",
    "reduce.ts",
    "(session.holder === undefined) === (holder === undefined);",
    "holder !== null;",
  ),
  core(
    "a drain keeps its session for ever",
    "drain.ts",
    "if (now >= drainingSince + timings.drainCloseMs) return true;",
    "",
  ),
  core(
    "a drain waits for what the service does not know",
    "drain.ts",
    ' && phase !== "detached") return false;',
    ") return false;",
  ),
  core(
    "what another one launched in a long silence is not counted",
    "reduce.ts",
    "if ((event.silentMs ?? 0) > fleet.timings.leaseMs) fleet.foreign.stoodBy();",
    "",
  ),
  core(
    "the minimum is kept on each machine",
    "demand.ts",
    "return Math.max(0, limits.minRunners - foreignIdle);",
    "return Math.max(0, limits.minRunners - 0 * foreignIdle);",
  ),
  service(
    "an opening does not say when it was sent",
    "client-adapter.ts",
    'if (call === "open") openSentAt = sentAt;',
    'if (call === "open") openSentAt = clock.uptime();',
  ),
  service(
    "a set found again is not compared",
    "client-adapter.ts",
    "      return (await this.#ensure(handler, signal)).id;\n    }\n    this.#missingSince ??=",
    "      return found.id;\n    }\n    this.#missingSince ??=",
    { worlds: { none: "it changes what status says, not what is done" } },
  ),
  service(
    "a session of our own does not end standing by",
    "client-adapter.ts",
    'if (state.state === "waiting" && state.reason === "own-session") handler.ended();',
    "",
  ),
  engine(
    "a lease that lapses inside a held poll is a problem",
    "service-problems.ts",
    "const SILENT_MS = 80_000;",
    "const SILENT_MS = 50_000;",
    { tests: ["packages/autoscaler/test/status"], worlds: { none: "it changes what status says, not what is done" } },
  ),
];
