import type { JobFact } from "./job-book.js";
import { contenders, wronglyNamed } from "./place.js";
import type { Places } from "./places.js";
import type { Check, Scene } from "./scene.js";

/** A place that was there for so long within an attempt could have run it. @unit milliseconds */
const LONG_ENOUGH_MS = 180_000;
/** Where messages lie, a reading that is asked for says so 4 to 5 min after the last one. @unit milliseconds */
const LONG_ENOUGH_DEAF_MS = 285_000;

/** What users see: no job lost, none run twice. */
export function jobs(scene: Scene, places: Places): Check {
  const { facts } = scene;
  const running = new Map<string, string>();
  /** As they were before the entry that ends them. */
  const before = new Map<number, JobFact>();

  return {
    entry(entry) {
      if (entry.subject !== "job" || entry.job === undefined) return;
      const { job, event, jobId = "", runnerName = "", scaleSetId } = entry;
      const about = { job, runner: entry.runnerName, scaleSetId };
      const fact = facts.jobs.open.get(job);
      if (event === "started") {
        const other = running.get(jobId);
        if (other !== undefined && other !== runnerName)
          scene.broke("twice", `job ${job} is started by ${runnerName}, and ${other} works on it`, about);
        running.set(jobId, runnerName);
        scene.checked("twice: no job is run by two runners");
      }
      if (event === "lapsed") scene.tally.add("outcome", "an assignment lapsed");
      if (event === "completed") {
        running.delete(jobId);
        scene.checked("lost: no job is lost");
        const was = before.get(job);
        if (entry.end === "lost" && runnerName === "" && was !== undefined) unserved(job, was, about);
        else if (entry.end === "lost" && !facts.forced.has(runnerName))
          scene.broke("lost", `job ${job} is lost with ${runnerName}`, about);
        if (entry.end === "host-died") scene.tally.add("outcome", "a job's host died");
        before.delete(job);
      } else if (fact !== undefined) before.set(job, { ...fact });
    },
  };

  /** No runner took any of its attempts. */
  function unserved(job: number, was: JobFact, about: object): void {
    scene.tally.add("outcome", "no runner took any attempt of a job");
    const { key, assignedMs, announced = 1 } = was;
    const placeMs = places.longestPlaceMs(key, assignedMs);
    const deaf = scene.troubles.liedBetween(["messages"], assignedMs - LONG_ENOUGH_DEAF_MS, scene.clock.monotonic());
    if (placeMs >= (deaf ? LONG_ENOUGH_DEAF_MS : LONG_ENOUGH_MS)) {
      const seconds = Math.round(placeMs / 1_000);
      scene.broke("lost", `job ${job} of ${key} is lost: for ${seconds} s a place could have run it`, about);
      return;
    }
    // At least 1 is always announced: who announces more says that it can run them. A runner that an open job names counts.
    if (announced - wronglyNamed(scene, key) <= 1 || excused(key, assignedMs)) return;
    scene.broke("lost", `job ${job} of ${key} is lost: ${announced} were announced, and could not be run`, about);
  }

  /** Whether something went wrong in the world, after we said that we could run it. */
  function excused(key: string, assignedMs: number): boolean {
    const nowMs = scene.clock.monotonic();
    const liars = ["service", "statistics", "person", "backend", "runners", "daemon", "clock"] as const;
    if (scene.troubles.liedBetween(liars, assignedMs, nowMs)) return true;
    return contenders(scene, key).some(({ daemon, scaleSet }) => {
      return facts.launches.of(daemon, scaleSet).pausedMs > assignedMs && facts.launches.ceiling(daemon) === undefined;
    });
  }
}
