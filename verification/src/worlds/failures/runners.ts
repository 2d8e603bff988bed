import type { RunnerBehaviour } from "@scaleset/simulator";
import { type Failure, lying, MINUTE_MS } from "./failure.js";

function misbehaving(name: string, behaviour: RunnerBehaviour, share: number, minutes = 8): Failure {
  return {
    name,
    async strike({ simulator, random, queue, sleep, struck }) {
      const wanted = JSON.stringify(behaviour);
      const unsubscribe = simulator.journal.subscribe((entry) => {
        if (entry.subject === "runner" && entry.event === "registered" && entry.behaviour === wanted) struck(name);
      });
      simulator.misbehaveRunners([{ share, behaviour }]);
      // Runners must be made while it lasts.
      queue(2 + Math.floor(random() * 3), {});
      await sleep((1 + random() * minutes) * MINUTE_MS);
      simulator.misbehaveRunners([]);
      unsubscribe();
    },
  };
}

/** What runners do wrong. */
export const runnerFailures: readonly Failure[] = lying("runners", [
  misbehaving("F6 runners never come online", { neverOnline: true }, 0.4),
  misbehaving("F6 runners come online late", { startDelayMs: 100_000 }, 0.5),
  misbehaving("F6 runners come online too late", { startDelayMs: 400_000 }, 0.3),
  misbehaving("F8 a runner lingers after its job", { lingerMs: 90_000 }, 0.5),
  misbehaving("F8 a runner never ends after its job", { lingerMs: 7_200_000 }, 0.3),
  misbehaving("F20 runners exit at once", { exitIdleAfterMs: 1_000 }, 0.9),
  misbehaving("idle runners exit", { exitIdleAfterMs: 45_000 }, 0.5),
  misbehaving("runners crash at work", { crashAfterMs: 20_000 }, 0.3),
]);

export const deprecations: readonly Failure[] = lying("runners", [
  {
    name: "F19 runners are deprecated",
    async strike({ simulator, random, sleep, struck }) {
      simulator.deprecateRunners(true);
      struck("F19 runners are deprecated");
      await sleep((5 + random() * 40) * MINUTE_MS);
      simulator.deprecateRunners(false);
    },
  },
]);
