import type { Listener, ScaleSetClient } from "@scaleset/client";
import { type Fault, faultCatalogue, type Random, type Simulator, type VirtualClock } from "@scaleset/simulator";
import { afterRenewal } from "../worlds/failures/after-renewal.js";

/** What a failure can lay hands on. */
export interface Stage {
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly listener: Listener;
  /** Another autoscaler, that wants the same scale set. */
  readonly rival: ScaleSetClient;
  /** Of the scale set as it is now; undefined while there is none. */
  scaleSetId(): number | undefined;
  /** Lets the handler fail for the next so many messages, `times` attempts each. */
  failHandler(options: { readonly messages: number; readonly times: number }): void;
  /** Says that a failure took effect. */
  struck(name: string): void;
}

/** One way for things to go wrong. Resolves when it is over. */
export interface Failure {
  readonly name: string;
  /** How long it may go on. @unit milliseconds */
  strike(stage: Stage): Promise<void>;
}

const MINUTE_MS = 60_000;

/** Faults in force for some minutes, each call struck by chance. */
function spoiling(name: string, faults: readonly Fault[]): Failure {
  return {
    name,
    async strike({ simulator, clock, random, struck }) {
      const ids = faults.map((fault) => {
        const { count: _, ...lasting } = fault;
        return simulator.faults.add({ ...lasting, name, probability: 0.6 });
      });
      await clock.sleep((2 + random() * 8) * MINUTE_MS);
      for (const view of simulator.faults.list()) {
        if (ids.includes(view.id)) for (let i = 0; i < view.struck; i++) struck(name);
      }
      for (const id of ids) simulator.faults.remove(id);
    },
  };
}

/** Tokens are renewed now, so that what strikes their making is met. */
function renewing(name: string, faults: readonly Fault[]): Failure {
  return afterRenewal(spoiling(name, faults));
}

const at = (call: Fault["call"], effect: Fault["effect"]): Fault => ({ call, effect });

/** Each failure of the service that a listener can meet, by its row. */
export const failures: readonly Failure[] = [
  {
    name: "F1 the session is somebody else's",
    async strike({ simulator, clock, random, rival, scaleSetId, struck }) {
      const id = scaleSetId();
      if (id === undefined || !simulator.expireSession(id)) return;
      const session = await rival.openMessageSession(id, { owner: "rival" }).catch(() => undefined);
      if (session === undefined) return;
      struck("F1 the session is somebody else's");
      await clock.sleep((0.2 + random() * 3) * MINUTE_MS);
      await session.close().catch(() => {});
    },
  },
  ...faultCatalogue.F2.map((fault) => spoiling(fault.name ?? "F2", [fault])),
  {
    name: "F3 the queue token expires",
    async strike({ simulator, struck }) {
      simulator.revokeTokens("queue");
      struck("F3 the queue token expires");
    },
  },
  {
    name: "F3 the session ends by itself",
    async strike({ simulator, scaleSetId, struck }) {
      const id = scaleSetId();
      if (id !== undefined && simulator.expireSession(id)) struck("F3 the session ends by itself");
    },
  },
  renewing("F3 the session is unknown to the store", [
    at("refresh-session", { kind: "refusal", refusal: "RunnerAdminException" }),
  ]),
  {
    name: "F4 the scale set is removed",
    async strike({ simulator, scaleSetId, struck }) {
      const id = scaleSetId();
      if (id !== undefined && simulator.removeScaleSet(id)) struck("F4 the scale set is removed");
    },
  },
  ...faultCatalogue.F5.map(
    (fault): Failure => ({
      name: fault.name ?? "F5",
      async strike(stage) {
        const id = stage.scaleSetId();
        if (id !== undefined) stage.simulator.expireSession(id);
        await spoiling(fault.name ?? "F5", [fault]).strike(stage);
      },
    }),
  ),
  ...faultCatalogue.F9.map((fault) => spoiling(fault.name ?? "F9", [fault])),
  ...faultCatalogue.F10.map((fault) => spoiling(fault.name ?? "F10", [fault])),
  spoiling("F12 a body that means nothing", [at("get-message", { kind: "patch", body: { body: "[{" } })]),
  {
    name: "F12 the handler fails",
    async strike({ random, failHandler }) {
      failHandler({ messages: 3, times: 1 + Math.floor(random() * 6) });
    },
  },
  spoiling("F13 polls hang", [at("get-message", { kind: "hang" })]),
  spoiling("F13 acknowledgements hang", [at("acknowledge-message", { kind: "hang" })]),
  renewing("F13 refreshes are done and hang", [at("refresh-session", { kind: "hang", commit: true })]),
  ...(["seconds", "date", "reset"] as const).map((form) =>
    renewing(`F14 GitHub asks to wait (${form})`, [
      at("create-registration-token", { kind: "rate-limit", form, ms: 30_000 }),
    ]),
  ),
  renewing("F14 GitHub refuses", [at("create-registration-token", { kind: "answer", status: 401 })]),
  {
    name: "F15 a JIT config's answer is lost",
    async strike({ simulator, rival, scaleSetId, struck }) {
      const id = scaleSetId();
      if (id === undefined) return;
      const fault = simulator.faults.add({ call: "generate-jit-config", count: 1, effect: { kind: "lost-answer" } });
      const name = `runner-${simulator.journal.lastSeq}`;
      await rival.generateJitRunnerConfig(id, { name }).catch(() => struck("F15 a JIT config's answer is lost"));
      simulator.faults.remove(fault);
    },
  },
  {
    name: "F17 the clock is off",
    // The listener's own clock is, all day; the App's JWTs are refused until it is corrected.
    async strike({ simulator, struck }) {
      const refused = simulator.journal.entries({ subject: "request" });
      if (refused.some(({ call, status }) => call === "create-installation-token" && status === 401)) {
        struck("F17 the clock is off");
      }
    },
  },
  {
    name: "F18 labels are dropped",
    async strike({ simulator, rival, scaleSetId, struck }) {
      if (scaleSetId() === undefined) return;
      const fault = simulator.faults.add({
        call: ["get-scale-set", "update-scale-set"],
        effect: { kind: "patch", body: { labels: [] } },
      });
      const labels = ["linux", `gpu-${simulator.journal.lastSeq}`];
      const wanted = { name: "linux", runnerGroupId: 1, labels };
      const ensured = await rival.ensureRunnerScaleSet(wanted).catch(() => undefined);
      if (ensured !== undefined && ensured.drift.length > 0) struck("F18 labels are dropped");
      simulator.faults.remove(fault);
    },
  },
  {
    name: "F24 a rival announces 0",
    async strike({ simulator, clock, rival, scaleSetId, struck }) {
      const id = scaleSetId();
      if (id === undefined || !simulator.expireSession(id)) return;
      const session = await rival.openMessageSession(id, { owner: "rival" }).catch(() => undefined);
      if (session === undefined) return;
      const before = simulator.summary().stranded;
      const polled = session.getMessage({ maxCapacity: 0 }).catch(() => undefined);
      await clock.sleep(1_000);
      simulator.queueJob({ scaleSet: id });
      if (simulator.summary().stranded > before) struck("F24 a rival announces 0");
      await polled;
      await session.close().catch(() => {});
    },
  },
  {
    name: "the capacity flaps",
    async strike({ clock, random, listener, struck }) {
      for (let i = 0; i < 20; i++) {
        listener.setMaxCapacity(1 + Math.floor(random() * 20));
        struck("the capacity flaps");
        await clock.sleep(random() * 5_000);
      }
    },
  },
];
