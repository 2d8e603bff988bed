import type { ScaleSetConfig } from "@scaleset/autoscaler";
import type { MemoryFault, MemoryHost, MemoryOperation } from "@scaleset/autoscaler/testing";
import type { ScaleSetClient } from "@scaleset/client";
import { type Fault, faultCatalogue, type Random, type RunnerBehaviour, type Simulator } from "@scaleset/simulator";
import type { Daemon } from "./daemon.js";

/** What a failure can lay hands on. */
export interface Stage {
  readonly simulator: Simulator;
  readonly random: Random;
  readonly daemons: readonly Daemon[];
  readonly hosts: readonly MemoryHost[];
  /** Another autoscaler, that wants the same scale sets. */
  readonly rival: ScaleSetClient;
  /** Waits, at most until the misfortunes of this world are over. */
  sleep(ms: number): Promise<void>;
  readonly over: boolean;
  /** Says that a failure took effect. */
  struck(name: string, count?: number): void;
  /** Every daemon works by another configuration: it is told to, or stopped and started. Undefined leaves a scale set out. */
  reconfigure(change: (scaleSet: ScaleSetConfig) => ScaleSetConfig | undefined): Promise<void>;
  /** The configuration is again what it was at the beginning. */
  restore(): Promise<void>;
  /** SIGTERM, with somebody watching. */
  stop(daemon: Daemon): Promise<void>;
  /** An instance vanishes, and its record with it. */
  lose(host: MemoryHost, name: string): void;
  /** Destroys are slower by that, from now on. */
  slowDestroys(ms: number): void;
  /** Queues some jobs for a scale set, or for any. */
  queue(count: number, options: { readonly scaleSet?: number; readonly durationMs?: number }): void;
}

/** One way for things to go wrong. Resolves when it is over. */
export interface Failure {
  readonly name: string;
  strike(stage: Stage): Promise<void>;
}

export const MINUTE_MS = 60_000;

/** One of them; undefined where there is none. */
export function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

/** A failure that is a moment. Says itself whether it took effect. */
export function moment(name: string, strike: (stage: Stage) => boolean): Failure {
  return {
    name,
    strike: async (stage) => {
      if (strike(stage)) stage.struck(name);
    },
  };
}

/** Faults in force for some minutes, each call struck by chance. */
export function spoiling(name: string, faults: readonly Fault[], { probability = 0.6, minutes = 6 } = {}): Failure {
  return {
    name,
    async strike({ simulator, random, sleep, struck }) {
      const ids = faults.map((fault) => {
        const { count: _, ...lasting } = fault;
        return simulator.faults.add({ ...lasting, name, probability });
      });
      await sleep((0.5 + random() * minutes) * MINUTE_MS);
      for (const { id, struck: times } of simulator.faults.list()) if (ids.includes(id)) struck(name, times);
      for (const id of ids) simulator.faults.remove(id);
    },
  };
}

/** A few of the next calls are struck, whenever they come. */
function once(name: string, fault: Fault, most = 3): Failure {
  return {
    name,
    async strike({ simulator, random, sleep, struck }) {
      const id = simulator.faults.add({ ...fault, name, count: 1 + Math.floor(random() * most) });
      await sleep(10 * MINUTE_MS * random() + MINUTE_MS);
      struck(name, simulator.faults.list().find((view) => view.id === id)?.struck ?? 0);
      simulator.faults.remove(id);
    },
  };
}

/** Tokens are renewed now, so that what strikes their making is met. */
function renewing(name: string, faults: readonly Fault[]): Failure {
  const spoils = spoiling(name, faults, { minutes: 3 });
  return {
    name,
    async strike(stage) {
      stage.simulator.revokeTokens("admin");
      stage.simulator.revokeTokens("queue");
      await spoils.strike(stage);
    },
  };
}

const at = (call: Fault["call"], effect: Fault["effect"]): Fault => ({ call, effect });

const aSet = ({ simulator, random }: Stage): number | undefined => pick(random, simulator.state().scaleSets)?.id;

/** A message whose news is about a runner that nobody knows, or about none. */
const strangeNews = (runnerName: string): string =>
  JSON.stringify([
    {
      messageType: "JobCompleted",
      runnerRequestId: 0,
      repositoryName: "widgets",
      ownerName: "my-org",
      jobId: "11111111-1111-4111-8111-111111111111",
      jobWorkflowRef: "",
      jobDisplayName: "strange",
      workflowRunId: 1,
      eventName: "push",
      requestLabels: [],
      queueTime: "2030-01-01T00:00:00Z",
      scaleSetAssignTime: "0001-01-01T00:00:00Z",
      runnerAssignTime: "0001-01-01T00:00:00Z",
      finishTime: "0001-01-01T00:00:00Z",
      result: "succeeded",
      runnerId: 0,
      runnerName,
    },
  ]);

/** What the service does wrong, by the rows of protocol.md §6. */
export const serviceFailures: readonly Failure[] = [
  {
    name: "F1 the session is somebody else's",
    async strike(stage) {
      const { simulator, random, rival, sleep, struck } = stage;
      const id = aSet(stage);
      if (id === undefined || !simulator.expireSession(id)) return;
      const session = await rival.openMessageSession(id, { owner: "rival" }).catch(() => undefined);
      if (session === undefined) return;
      struck("F1 the session is somebody else's");
      await sleep((0.2 + random() * 3) * MINUTE_MS);
      await session.close().catch(() => {});
    },
  },
  moment("F1 a stale session stands in the way", (stage) => {
    const id = aSet(stage);
    if (id === undefined || !stage.simulator.expireSession(id)) return false;
    const forMs = (0.5 + stage.random() * 4) * MINUTE_MS;
    return stage.simulator.leaveStaleSession(id, { ownerName: "a killed daemon", forMs });
  }),
  ...faultCatalogue.F2.map((fault) => spoiling(fault.name ?? "F2", [fault])),
  moment("F3 the queue token expires", ({ simulator }) => {
    simulator.revokeTokens("queue");
    return true;
  }),
  moment("F3 the session ends by itself", (stage) => {
    const id = aSet(stage);
    return id !== undefined && stage.simulator.expireSession(id);
  }),
  renewing("F3 the session is unknown to the store", [
    at("refresh-session", { kind: "refusal", refusal: "RunnerAdminException" }),
  ]),
  ...faultCatalogue.F5.map(
    (fault): Failure => ({
      name: fault.name ?? "F5",
      async strike(stage) {
        const id = aSet(stage);
        if (id !== undefined) stage.simulator.expireSession(id);
        await spoiling(fault.name ?? "F5", [fault], { minutes: 2 }).strike(stage);
      },
    }),
  ),
  moment("F6 the service drops an idle runner", ({ simulator, random }) => {
    const idle = simulator.state().runners.filter(({ state, job }) => state === "idle" && job === undefined);
    const runner = pick(random, idle);
    return runner !== undefined && simulator.dropRunner(runner.name);
  }),
  spoiling("F8 messages are late", [at("get-message", { kind: "latency", ms: 20_000, commit: true })]),
  spoiling("F8 the news in a message is lost", [at("get-message", { kind: "patch", body: { body: "[]" } })]),
  ...faultCatalogue.F9.map((fault) => spoiling(fault.name ?? "F9", [fault])),
  spoiling("F9 news of a runner that nobody knows", [
    at("get-message", { kind: "patch", body: { body: strangeNews("nobody-knows-me") } }),
  ]),
  spoiling("F9 news without a runner's name", [at("get-message", { kind: "patch", body: { body: strangeNews("") } })]),
  ...faultCatalogue.F10.map((fault) => spoiling(fault.name ?? "F10", [fault])),
  {
    name: "F11 phantom jobs",
    async strike({ simulator, random, sleep, struck }) {
      const body = { statistics: { totalAssignedJobs: 10 + Math.floor(random() * 20) } };
      const calls: readonly Fault["call"][] = ["get-message", "open-session", "get-scale-set"];
      const ids = calls.map((call) => simulator.faults.add({ call, name: "F11", effect: { kind: "patch", body } }));
      await sleep((15 + random() * 25) * MINUTE_MS);
      for (const { id, struck: times } of simulator.faults.list())
        if (ids.includes(id)) struck("F11 phantom jobs", times);
      for (const id of ids) simulator.faults.remove(id);
    },
  },
  spoiling("F12 a body that means nothing", [at("get-message", { kind: "patch", body: { body: "[{" } })], {
    probability: 1,
  }),
  spoiling("F13 polls hang", [at("get-message", { kind: "hang" })]),
  spoiling("F13 acknowledgements hang", [at("acknowledge-message", { kind: "hang" })]),
  renewing("F13 refreshes are done and hang", [at("refresh-session", { kind: "hang", commit: true })]),
  once("F13 a JIT request hangs", at("generate-jit-config", { kind: "hang" })),
  once("F13 a JIT request is done and hangs", at("generate-jit-config", { kind: "hang", commit: true })),
  once("F13 a removal hangs", at("remove-runner", { kind: "hang" })),
  once("F13 a removal is done and hangs", at("remove-runner", { kind: "hang", commit: true })),
  ...(["seconds", "date", "reset"] as const).map((form) =>
    renewing(`F14 GitHub asks to wait (${form})`, [
      at("create-registration-token", { kind: "rate-limit", form, ms: 30_000 }),
    ]),
  ),
  renewing("F14 GitHub refuses", [at("create-registration-token", { kind: "answer", status: 401 })]),
  once(
    "F14 JIT requests are limited",
    at("generate-jit-config", { kind: "rate-limit", form: "seconds", ms: 20_000 }),
    6,
  ),
  once("F15 a JIT config's answer is lost", at("generate-jit-config", { kind: "lost-answer" })),
  once("F15 JIT requests fail", at("generate-jit-config", { kind: "answer", status: 503 }), 6),
  once("F15 a JIT config's answer is cut", at("generate-jit-config", { kind: "truncated" })),
  spoiling("F7 removals fail", [at("remove-runner", { kind: "answer", status: 500 })]),
  spoiling("F8 look-ups fail", [at("get-runner", { kind: "answer", status: 500 })], { probability: 1, minutes: 12 }),
  once("F7 a removal's answer is lost", at("remove-runner", { kind: "lost-answer" })),
  spoiling("F18 labels are dropped", [
    at(["create-scale-set", "update-scale-set", "get-scale-set"], { kind: "patch", body: { labels: [] } }),
  ]),
  spoiling("any call is slow", [
    {
      effect: { kind: "latency", ms: 4_000 },
      call: ["generate-jit-config", "remove-runner", "open-session", "list-runners", "get-runner"],
    },
  ]),
  {
    name: "F24 a rival announces 0",
    async strike(stage) {
      const { simulator, rival, sleep, struck } = stage;
      const id = aSet(stage);
      if (id === undefined || !simulator.expireSession(id)) return;
      const session = await rival.openMessageSession(id, { owner: "rival" }).catch(() => undefined);
      if (session === undefined) return;
      const before = simulator.summary().stranded;
      const polled = session.getMessage({ maxCapacity: 0 }).catch(() => undefined);
      await sleep(1_000);
      simulator.queueJob({ scaleSet: id });
      if (simulator.summary().stranded > before) struck("F24 a rival announces 0");
      await polled;
      await session.close().catch(() => {});
    },
  },
];

/** A scale set goes away, by the service's own doing or in an incident that only hides it (F4). */
export const vanishings: readonly Failure[] = [
  moment("F4 the scale set is removed", (stage) => {
    const id = aSet(stage);
    return id !== undefined && stage.simulator.removeScaleSet(id);
  }),
  {
    name: "F4 the scale set is hidden",
    async strike(stage) {
      const { simulator, random, sleep, struck } = stage;
      const id = aSet(stage);
      if (id === undefined) return;
      const hidden = [
        simulator.faults.add({
          call: ["get-message", "open-session", "refresh-session"],
          scaleSet: id,
          name: "F4",
          effect: { kind: "refusal", refusal: "RunnerScaleSetNotFoundException" },
        }),
        simulator.faults.add({
          call: "list-scale-sets",
          name: "F4",
          effect: { kind: "patch", body: { count: 0, value: [] } },
        }),
      ];
      // Less than a minute after the first look: a set that is there after all is never made anew.
      await sleep(10_000 + random() * 30_000);
      for (const view of simulator.faults.list())
        if (hidden.includes(view.id)) struck("F4 the scale set is hidden", view.struck);
      for (const each of hidden) simulator.faults.remove(each);
    },
  },
];

function misbehaving(name: string, behaviour: RunnerBehaviour, share: number, minutes = 8): Failure {
  return {
    name,
    async strike({ simulator, random, sleep, struck }) {
      const wanted = JSON.stringify(behaviour);
      const unsubscribe = simulator.journal.subscribe((entry) => {
        if (entry.subject === "runner" && entry.event === "registered" && entry.behaviour === wanted) struck(name);
      });
      simulator.misbehaveRunners([{ share, behaviour }]);
      await sleep((1 + random() * minutes) * MINUTE_MS);
      simulator.misbehaveRunners([]);
      unsubscribe();
    },
  };
}

/** What runners do wrong. */
export const runnerFailures: readonly Failure[] = [
  misbehaving("F6 runners never come online", { neverOnline: true }, 0.4),
  misbehaving("F6 runners come online late", { startDelayMs: 100_000 }, 0.5),
  misbehaving("F6 runners come online too late", { startDelayMs: 400_000 }, 0.3),
  misbehaving("F8 a runner lingers after its job", { lingerMs: 90_000 }, 0.5),
  misbehaving("F8 a runner never ends after its job", { lingerMs: 7_200_000 }, 0.3),
  misbehaving("F20 runners exit at once", { exitIdleAfterMs: 1_000 }, 0.9),
  misbehaving("idle runners exit", { exitIdleAfterMs: 45_000 }, 0.5),
  misbehaving("runners crash at work", { crashAfterMs: 20_000 }, 0.3),
];

export const deprecations: readonly Failure[] = [
  {
    name: "F19 runners are deprecated",
    async strike({ simulator, random, sleep, struck }) {
      simulator.deprecateRunners(true);
      struck("F19 runners are deprecated");
      await sleep((5 + random() * 40) * MINUTE_MS);
      simulator.deprecateRunners(false);
    },
  },
];

function failing(operation: MemoryOperation, fault: MemoryFault, most = 3): Failure {
  const name = `${operation === "start" ? "F16 " : ""}${operation} fails: ${fault}`;
  return {
    name,
    async strike({ hosts, random, sleep, struck }) {
      const host = pick(random, hosts);
      if (host === undefined) return;
      const times = 1 + Math.floor(random() * most);
      const before = host.pendingFaults;
      host.failNext(operation, fault, { times });
      await sleep((1 + random() * 5) * MINUTE_MS);
      struck(name, Math.max(0, before + times - host.pendingFaults));
    },
  };
}

/** What a backend and its host do wrong. */
export const backendFailures: readonly Failure[] = [
  ...(["transient", "capacity", "rejected", "denied", "answer lost", "hang", "hang after"] as const).map((fault) =>
    failing("create", fault),
  ),
  ...(["transient", "capacity", "gone", "answer lost", "hang", "hang after"] as const).map((fault) =>
    failing("start", fault),
  ),
  ...(["transient", "hang", "answer lost"] as const).map((fault) => failing("list", fault, 5)),
  ...(["transient", "answer lost", "hang", "hang after"] as const).map((fault) => failing("destroy", fault)),
  {
    name: "destroys are slow",
    async strike({ random, sleep, slowDestroys, struck }) {
      slowDestroys(30_000);
      struck("destroys are slow");
      await sleep((1 + random() * 6) * MINUTE_MS);
      slowDestroys(0);
    },
  },
  moment("the watch ends", ({ hosts, random }) => {
    pick(random, hosts)?.endWatches();
    return true;
  }),
  moment("an instance is lost", (stage) => dies(stage, (host, name) => stage.lose(host, name))),
  moment("an instance ends by itself", (stage) => dies(stage, (host, name) => host.exit(name, 137, "out of memory"))),
  moment("F22 a host is lost", (stage) => hostDies(stage, (host, name) => stage.lose(host, name))),
  moment("F22 a host reboots", (stage) =>
    hostDies(stage, (host, name) => host.exit(name, undefined, "the host rebooted")),
  ),
];

/** Nobody's fault: the job of a runner whose host died counts apart. */
function markDead({ simulator }: Stage, host: MemoryHost, name: string): boolean {
  const state = host.find(name)?.state;
  return state !== "started" || simulator.markHostDied(name);
}

function dies(stage: Stage, end: (host: MemoryHost, name: string) => void): boolean {
  const host = pick(stage.random, stage.hosts);
  const instance = host && pick(stage.random, host.instances());
  if (host === undefined || instance === undefined || !markDead(stage, host, instance.name)) return false;
  end(host, instance.name);
  return true;
}

function hostDies(stage: Stage, end: (host: MemoryHost, name: string) => void): boolean {
  const host = pick(stage.random, stage.hosts);
  if (host === undefined || host.instances().length === 0) return false;
  if (!host.instances().every(({ name }) => markDead(stage, host, name))) return false;
  for (const { name } of host.instances()) end(host, name);
  // Daemons on the machine die with it; where a backend is shared, they live elsewhere.
  if (host.capabilities.scope === "host") {
    for (const daemon of stage.daemons) if (daemon.host === host) daemon.crash();
  }
  return true;
}

/** What happens to daemons. A watchman starts those again that are down. */
export const daemonFailures: readonly Failure[] = [
  moment("F22 a daemon is killed", ({ daemons, random }) => {
    const daemon = pick(random, daemons);
    if (daemon?.up !== true) return false;
    daemon.crash();
    return true;
  }),
  {
    name: "F22 a daemon dies between two steps",
    async strike({ daemons, random, sleep, struck }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true || daemon.doomed) return;
      daemon.crashAfter(1 + Math.floor(random() * 60));
      await sleep((1 + random() * 4) * MINUTE_MS);
      if (!daemon.doomed) struck("F22 a daemon dies between two steps");
    },
  },
  {
    name: "F22 a daemon dies during a burst",
    async strike({ daemons, random, queue, sleep, struck }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true || daemon.doomed) return;
      queue(5 + Math.floor(random() * 5), {});
      daemon.crashAfter(3 + Math.floor(random() * 60));
      await sleep(MINUTE_MS);
      if (!daemon.doomed) struck("F22 a daemon dies during a burst");
    },
  },
  {
    name: "F21 a daemon is stopped",
    async strike({ daemons, random, struck, sleep, stop }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true) return;
      const stopping = stop(daemon);
      struck("F21 a daemon is stopped");
      await Promise.race([stopping, sleep(MINUTE_MS)]);
    },
  },
];

/** A scale-down that meets a runner that has just got a job (F7): idle runners are too many just when jobs come. */
export const scaleDowns: readonly Failure[] = [
  {
    name: "a burst comes when idle runners are to go",
    async strike({ random, queue, sleep, struck }) {
      queue(4, { durationMs: 5_000 });
      for (let wave = 0; wave < 8; wave++) {
        await sleep(50_000 + random() * 25_000);
        queue(1 + Math.floor(random() * 3), { durationMs: 60_000 + random() * 60_000 });
      }
      struck("a burst comes when idle runners are to go");
    },
  },
];

/** Commands that were decided and have not begun when the right to carry them out is gone. */
export const interruptions: readonly Failure[] = [
  {
    name: "the session ends while launches wait for their turn",
    async strike({ simulator, random, queue, sleep, struck }) {
      for (let wave = 0; wave < 8; wave++) {
        queue(5, { durationMs: 10_000 });
        for (let time = 0; time < 4; time++) {
          await sleep(100 + random() * 1_500);
          for (const { id } of simulator.state().scaleSets) {
            if (simulator.expireSession(id)) struck("the session ends while launches wait for their turn");
          }
        }
        await sleep(30_000 * (1 + random()));
      }
    },
  },
];

/** What a person changes: limits up and down, and what runners are made from. */
export const reconfigurations: readonly Failure[] = [
  {
    name: "the limits change",
    async strike({ random, reconfigure, struck }) {
      await reconfigure((set) => {
        const maxRunners = 1 + Math.floor(random() * 8);
        return { ...set, maxRunners, minRunners: Math.min(maxRunners, Math.floor(random() * 3)) };
      });
      struck("the limits change");
    },
  },
  {
    name: "a scale set is taken out, and comes back",
    async strike({ random, reconfigure, restore, sleep, struck }) {
      const out = random() < 0.5 ? "set-a" : "set-b";
      await reconfigure((set) => (set.name === out ? undefined : set));
      struck("a scale set is taken out, and comes back");
      await sleep((1 + random() * 8) * MINUTE_MS);
      await restore();
    },
  },
  {
    name: "the runner spec changes",
    async strike({ random, reconfigure, struck }) {
      const workFolder = `_work-${Math.floor(random() * 1_000_000)}`;
      await reconfigure((set) => ({ ...set, workFolder }));
      struck("the runner spec changes");
    },
  },
];
