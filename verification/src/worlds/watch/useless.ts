import type { Check, Scene } from "./scene.js";

/** JIT configs asked for within ten minutes in which no runner took a job, for a maximum of runners. */
const most = (maxRunners: number): number => 5 * maxRunners + 20;
const WINDOW_MS = 600_000;

/** I7 and F20: launches that come to nothing are bounded, whatever fails. */
export function useless(scene: Scene): Check {
  const { facts } = scene;
  /** Times of JIT requests since a runner of the set last took a job. */
  const times = new Map<string, number[]>();

  return {
    asked(daemon, asked) {
      if (asked.kind !== "jit") return;
      const key = facts.keyOf(asked.scaleSetId);
      const of = times.get(key) ?? [];
      times.set(key, of);
      const now = scene.clock.monotonic();
      of.push(now);
      while ((of[0] ?? now) < now - WINDOW_MS) of.shift();
      scene.checked("I7 launches that come to nothing are bounded");
      if (of.length <= most(daemon.maxRunners(facts.setName(asked.scaleSetId)))) return;
      scene.broke("I7", `${of.length} JIT configs of ${key} within ten minutes, and no runner took a job`, {
        runner: asked.runnerName,
        scaleSetId: asked.scaleSetId,
      });
    },
    entry({ subject, event, scaleSetId }) {
      if (subject === "job" && event === "started" && scaleSetId !== undefined) times.delete(facts.keyOf(scaleSetId));
    },
  };
}
