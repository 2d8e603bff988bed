import { type CallName, type Fault, faultCatalogue } from "@scaleset/simulator";
import {
  adding,
  type Ending,
  type Failure,
  lasting,
  lying,
  MINUTE_MS,
  moment,
  pick,
  ruling,
  type Stage,
} from "./failure.js";

/** Until a reading that was asked for replaces what no message told. @unit milliseconds */
const UNTIL_ASKED_MS = 7 * MINUTE_MS;

const aSet = ({ simulator, random }: Stage): number | undefined => pick(random, simulator.state().scaleSets)?.id;

/** A set whose queue has messages, after jobs came for it. */
async function expire({ simulator, random, queue, sleep, struck }: Stage, name: string): Promise<void> {
  for (let wave = 0; wave < 5; wave++) {
    queue(1 + Math.floor(random() * 4), {});
    await sleep(random() * 150);
    for (const { id } of simulator.state().scaleSets) struck(name, simulator.expireMessages(id));
    await sleep(random() * MINUTE_MS);
  }
}

function deaf(name: string, minutes: readonly [number, number]): Failure {
  return lasting(name, { minutes, lingersMs: UNTIL_ASKED_MS }, (stage) => {
    const { simulator, queue, random } = stage;
    const id = aSet(stage);
    if (id === undefined) return undefined;
    simulator.deafenQueue(id, { forMs: minutes[1] * MINUTE_MS });
    let unheard = 0;
    const unsubscribe = simulator.journal.subscribe(({ subject, event, scaleSetId }) => {
      if (scaleSetId === id && subject === "job" && ["assigned", "started", "completed"].includes(event)) unheard += 1;
    });
    queue(1 + Math.floor(random() * 4), {});
    return () => {
      unsubscribe();
      simulator.deafenQueue(id, { forMs: 0 });
      return unheard;
    };
  });
}

/** Messages that never come, and ids that begin again. */
export const queueFailures: readonly Failure[] = lying("messages", [
  {
    name: "messages expire in the queue",
    lingersMs: UNTIL_ASKED_MS,
    strike: (stage: Stage) => expire(stage, "messages expire in the queue"),
  },
  deaf("a queue goes deaf for minutes", [1, 10]),
  deaf("a queue goes deaf for an hour", [30, 70]),
  {
    ...moment("message ids restart under the same set id", (stage) => {
      const id = aSet(stage);
      return id !== undefined && stage.simulator.restartMessageIds(id);
    }),
    lingersMs: UNTIL_ASKED_MS,
  },
]);

/** Acquiring goes wrong; it is met only where jobs are offered. */
export const acquireFailures: readonly Failure[] = lying(
  "service",
  faultCatalogue.acquire.map(({ name, call, effect }) =>
    lasting(name, { minutes: [1, 8] }, (stage) => {
      const undo = ruling(stage, { assignment: "acquire" });
      const end = adding(stage, name, [{ call, effect, probability: 0.6 }]);
      stage.queue(3, {});
      return () => {
        undo();
        return end();
      };
    }),
  ),
);

const counting: readonly CallName[] = ["get-message", "open-session", "refresh-session", "get-scale-set"];

function miscounting(name: string, effectOf: (count: number) => Fault["effect"], minutes: readonly [number, number]) {
  return lasting(name, { minutes, lingersMs: UNTIL_ASKED_MS }, (stage) => {
    const effect = effectOf(1 + Math.floor(stage.random() * 3));
    return adding(stage, name, [{ call: counting, effect }]);
  });
}

const off = (jobs: number, busy: number, idle: number): Fault["effect"] => ({
  kind: "statistics",
  off: {
    totalAssignedJobs: jobs,
    totalRunningJobs: busy,
    totalBusyRunners: busy,
    totalIdleRunners: idle,
    totalRegisteredRunners: busy + idle,
  },
});

/** Statistics that are off, each for some minutes. */
export const miscounts: readonly Failure[] = lying("statistics", [
  miscounting("statistics count too few waiting jobs", (count) => off(-count, 0, 0), [1, 12]),
  miscounting("statistics count too few running jobs", (count) => off(-count, -count, 0), [1, 12]),
  miscounting("statistics count too many jobs", (count) => off(count, count, 0), [1, 12]),
  miscounting("statistics count too few idle runners", (count) => off(0, 0, -count), [1, 12]),
  miscounting("statistics count too many idle runners", (count) => off(0, 0, count), [1, 12]),
  miscounting("statistics are one message late", () => ({ kind: "statistics", late: true }), [5, 25]),
]);

/** They lie for as long as things go wrong: then little can be promised, and that is judged. */
export const lastingMiscounts: readonly Failure[] = [
  lasting("statistics lie forever", { minutes: [600, 601] }, (stage) => {
    const { random } = stage;
    const by = (): number => Math.floor(random() * 7) - 3;
    const end = adding(stage, "statistics lie forever", [{ call: counting, effect: off(by() || 2, by(), by()) }]);
    return end;
  }),
];

function completing(name: string, how: { registration: "removed" | "kept"; counted: boolean }): Failure {
  return lasting(name, { minutes: [20, 45] }, (stage): Ending => {
    const { simulator } = stage;
    let count = 0;
    for (const { name: runner, state } of simulator.state().runners) {
      if (count < 2 && state === "busy" && simulator.completeFalsely(runner, how)) count += 1;
    }
    return count === 0 ? undefined : () => count;
  });
}

/** JobCompleted for a job whose runner works on (actions/runner#4492). */
export const falseCompletions: readonly Failure[] = lying("messages", [
  completing("a false JobCompleted", { registration: "kept", counted: true }),
  completing("a false JobCompleted, and no registration", { registration: "removed", counted: true }),
  completing("a false JobCompleted that statistics believe", { registration: "kept", counted: false }),
]);
