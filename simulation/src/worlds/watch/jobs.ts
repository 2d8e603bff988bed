import type { Check, Scene } from "./scene.js";

/** Over the boot deadline, within which a replacement is started (I3). @unit milliseconds */
const REPLACED_MS = 120_000;
/** For messages, lists and steps on the way. @unit milliseconds */
const SLACK_MS = 60_000;

/** What users see: no job lost, none run twice, none left waiting while there is room for it. */
export function jobs(scene: Scene): Check {
  const { facts } = scene;
  /** Jobs that wait for a runner, and since when. */
  const waiting = new Map<number, { readonly sinceMs: number; readonly scaleSetId: number }>();
  const running = new Map<string, string>();

  return {
    entry(entry) {
      if (entry.subject !== "job" || entry.job === undefined) return;
      const { job, event, jobId = "", runnerName = "", scaleSetId } = entry;
      const about = { job, runner: entry.runnerName, scaleSetId };
      if (event === "assigned" && scaleSetId !== undefined) {
        waiting.set(job, { sinceMs: scene.clock.monotonic(), scaleSetId });
      }
      if (event === "started" || event === "completed" || event === "lapsed" || event === "queued") waiting.delete(job);
      if (event === "started") {
        const other = running.get(jobId);
        if (other !== undefined && other !== runnerName)
          scene.broke("twice", `job ${job} is started by ${runnerName}, and ${other} works on it`, about);
        running.set(jobId, runnerName);
        scene.checked("twice: no job is run by two runners");
      }
      if (event !== "completed") return;
      running.delete(jobId);
      scene.checked("lost: no job is lost");
      if (entry.end === "lost" && !facts.forced.has(runnerName)) {
        scene.broke("lost", `job ${job} is lost: ${entry.cause}`, about);
      }
    },
    look() {
      const now = scene.clock.monotonic();
      for (const [job, { sinceMs, scaleSetId }] of waiting) {
        const since = Math.max(sinceMs, scene.calmSinceMs);
        const scaleSet = facts.setName(scaleSetId);
        const path = facts.setPaths.get(scaleSetId);
        const holder = scene.daemons.find(
          (daemon) => daemon.up && daemon.path === path && facts.lease(daemon, scaleSet).state === "held",
        );
        if (holder === undefined) continue;
        const within = holder.host.capabilities.bootDeadlineMs + REPLACED_MS + SLACK_MS;
        if (now - since < within) continue;
        const lease = facts.lease(holder, scaleSet);
        const { rules } = lease;
        const excused = ["breaker", "outdated", "phantom", "rights", "refill"].some((rule) => rules.has(rule));
        if (excused || holder.paused(scaleSet)) continue;
        const identity = holder.identityOf(scaleSet);
        const live = holder.host.instances().filter(({ labels }) => labels.identity === identity).length;
        if (live >= holder.maxRunners(scaleSet)) continue;
        const seconds = Math.round((now - since) / 1_000);
        scene.broke("I3", `job ${job} waits for ${seconds} s, and ${scaleSet} has room`, { job, scaleSetId });
      }
      if (waiting.size > 0 && Number.isFinite(scene.calmSinceMs)) scene.checked("I3 waiting jobs get a runner");
    },
  };
}
