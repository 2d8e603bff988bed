import type { CallName, Fault } from "@scaleset/simulator";
import { adding, type Failure, lasting, lying, MINUTE_MS, pick, ruling, type Stage } from "./failure.js";

function hiding(name: string, calls: readonly CallName[], more: Partial<Fault> = {}): Failure {
  const trouble = { minutes: [1, 25] as const, lingersMs: 10 * MINUTE_MS };
  return lasting(name, trouble, (stage) => {
    const { random, daemons, queue } = stage;
    // A daemon that starts asks for what it finds; idle runners are removed after a burst.
    if (random() < 0.5) pick(random, daemons)?.crash();
    queue(1 + Math.floor(random() * 4), {});
    return adding(stage, name, [{ ...more, call: calls, effect: { kind: "hidden" } }]);
  });
}

/** The agents API says that runners are not there which are. */
export const falseAbsences: readonly Failure[] = lying("agents", [
  hiding("the agents API finds no runner by id", ["get-runner"]),
  hiding("the agents API finds no runner by name", ["list-runners"]),
  hiding("the agents API finds no runner at all", ["get-runner", "list-runners", "remove-runner"]),
  hiding("the agents API finds no runner now and then", ["get-runner", "list-runners"], { probability: 0.5 }),
  hiding("removals find no runner", ["remove-runner"]),
  {
    name: "the agents API finds no runner after a restart",
    lingersMs: 10 * MINUTE_MS,
    async strike(stage: Stage) {
      const { daemons, random, sleep, struck } = stage;
      const name = "the agents API finds no runner after a restart";
      const calls: readonly CallName[] = ["get-runner", "list-runners"];
      const end = adding(stage, name, [{ call: calls, effect: { kind: "hidden" } }]);
      const daemon = pick(random, daemons);
      if (daemon?.up === true) daemon.crash();
      await sleep((1 + random() * 4) * MINUTE_MS);
      struck(name, end());
    },
  },
]);

/** What becomes of registrations beside the lives of their runners. */
export const registrations: readonly Failure[] = [
  lasting("a registration goes up to 10 s after its job", { liars: [], minutes: [5, 40] }, (stage) => {
    const { simulator } = stage;
    let late = 0;
    const unsubscribe = simulator.journal.subscribe(({ subject, event, cause }) => {
      if (subject === "runner" && event === "removed" && cause === "its job is done") late += 1;
    });
    const undo = ruling(stage, { deregistrationDelayMs: 10_000 });
    return () => {
      unsubscribe();
      undo();
      return late;
    };
  }),
  ...lying("runners", [
    lasting("a process outlives its registration (actions/runner#4617)", { minutes: [3, 15] }, (stage) => {
      const { simulator, random, queue } = stage;
      // In the order in which the simulator writes them.
      const behaviour = { registrationDroppedAfterMs: 5_000 + random() * 60_000, outlivesRegistration: true };
      const behaves = JSON.stringify(behaviour);
      let outlived = 0;
      const unsubscribe = simulator.journal.subscribe(({ subject, event, cause, behaviour: its }) => {
        if (subject === "runner" && event === "removed" && cause === "the service dropped it" && its === behaves) {
          outlived += 1;
        }
      });
      simulator.misbehaveRunners([{ share: 0.4, behaviour }]);
      // Runners must be made while it lasts.
      queue(3 + Math.floor(random() * 3), {});
      return () => {
        simulator.misbehaveRunners([]);
        unsubscribe();
        return outlived;
      };
    }),
  ]),
];
