import { instancesOf } from "./place.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** From a limit to the end of what passed it, for steps, answers and retries on the way. @unit milliseconds */
const SLACK_MS = 300_000;

/** Limits that somebody set: no job works longer than `maxJobDurationMs`, and no runner idles longer than `maxIdleAgeMs`. */
export function limits(scene: Scene): Check {
  const { facts, clock, troubles } = scene;
  return {
    look() {
      const nowMs = clock.monotonic();
      if (nowMs - troubles.calmSinceMs < SLACK_MS) return;
      for (const daemon of scene.daemons) {
        if (!daemon.up || !daemon.settled || daemon.pausedAs !== undefined) continue;
        for (const { name } of daemon.config.scaleSets) {
          const { state, openedAtMs } = facts.lease(daemon, name);
          if (state === "held" && nowMs - openedAtMs > SLACK_MS) judge(daemon, name);
        }
      }
    },
  };

  function judge(daemon: WatchedDaemon, scaleSet: string): void {
    const { maxIdleAgeMs, maxJobDurationMs } = daemon.config.timings;
    for (const { name, state, createdAt } of instancesOf(scene, daemon, scaleSet)) {
      const runner = facts.byName.get(name);
      if (runner === undefined || state !== "started") continue;
      const works = runner.job !== undefined;
      // Who was not told of a job finds out that there is one when its runner is too old; the job has its time from there on.
      const untold = works && runner.jobStartedMs < facts.lease(daemon, scaleSet).openedAtMs;
      const limitMs = works ? maxJobDurationMs * (untold ? 2 : 1) : maxIdleAgeMs;
      if (limitMs === Number.POSITIVE_INFINITY) continue;
      scene.checked(works ? "limits: jobs that take too long end" : "limits: runners that idle too long are replaced");
      const forMs = works ? clock.monotonic() - runner.jobStartedMs : clock.now() - createdAt;
      if (forMs < limitMs + SLACK_MS) continue;
      const what = works ? `works on job ${runner.job}` : "idles";
      scene.broke("limits", `${name} of ${daemon.name} ${what} for ${Math.round(forMs / 1_000)} s`, { runner: name });
    }
  }
}
