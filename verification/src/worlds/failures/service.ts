import { type Fault, faultCatalogue } from "@scaleset/simulator";
import {
  adding,
  type Failure,
  lying,
  MINUTE_MS,
  moment,
  once,
  pick,
  renewing,
  type Stage,
  spoiling,
} from "./failure.js";

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
export const serviceFailures: readonly Failure[] = lying("service", [
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
  ...lying("messages", [
    spoiling("F8 messages are late", [at("get-message", { kind: "latency", ms: 20_000, commit: true })]),
  ]),
  ...lying("messages", [
    spoiling("F8 the news in a message is lost", [at("get-message", { kind: "patch", body: { body: "[]" } })]),
  ]),
  ...lying(
    "messages",
    faultCatalogue.F9.map((fault) => spoiling(fault.name ?? "F9", [fault])),
  ),
  ...lying("messages", [
    spoiling("F9 news of a runner that nobody knows", [
      at("get-message", { kind: "patch", body: { body: strangeNews("nobody-knows-me") } }),
    ]),
  ]),
  ...lying("messages", [
    spoiling("F9 news without a runner's name", [
      at("get-message", { kind: "patch", body: { body: strangeNews("") } }),
    ]),
  ]),
  ...lying(
    "statistics",
    faultCatalogue.F10.map((fault) => spoiling(fault.name ?? "F10", [fault])),
  ),
  {
    name: "F11 phantom jobs",
    liars: ["statistics"],
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
  ...lying("messages", [
    spoiling("F12 a body that means nothing", [at("get-message", { kind: "patch", body: { body: "[{" } })], {
      probability: 1,
    }),
  ]),
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
  spoiling("F15 look-ups by name fail", [at("list-runners", { kind: "answer", status: 500 })]),
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
]);

/** A scale set goes away, by the service's own doing or in an incident that only hides it (F4). */
export const vanishings: readonly Failure[] = lying("service", [
  moment("F4 the scale set is removed", (stage) => {
    const id = aSet(stage);
    return id !== undefined && stage.simulator.removeScaleSet(id);
  }),
  {
    name: "F18 labels are dropped",
    async strike(stage) {
      const { simulator, random, sleep, struck } = stage;
      // Labels are sent, and compared with what comes back, where a set is made.
      const id = aSet(stage);
      if (id === undefined || !simulator.removeScaleSet(id)) return;
      const calls = ["create-scale-set", "update-scale-set"] as const;
      const end = adding(stage, "F18 labels are dropped", [at(calls, { kind: "patch", body: { labels: [] } })]);
      await sleep((4 + random() * 4) * MINUTE_MS);
      struck("F18 labels are dropped", end());
    },
  },
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
]);
