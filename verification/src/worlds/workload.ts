import type { Random, Simulator } from "@scaleset/simulator";
import type { Settings } from "./settings.js";

interface Desk {
  readonly simulator: Simulator;
  readonly settings: Settings;
  readonly random: Random;
  sleep(ms: number): Promise<void>;
  readonly over: boolean;
  /** `key`: path and name of its scale set. */
  queued(job: number, key: string): void;
}

/** Jobs come in bursts, at a steady pace, and in pauses; some are long, some are cancelled. */
export async function work(desk: Desk): Promise<void> {
  const { settings, random, sleep } = desk;
  const meanPauseMs = settings.lastsMs / Math.max(1, settings.jobs / 3);
  for (let left = settings.jobs; left > 0 && !desk.over; ) {
    const count = Math.min(left, random() < 0.15 ? 6 + Math.floor(random() * 6) : 1 + Math.floor(random() * 3));
    left -= count;
    queueJobs(desk, count);
    await sleep(-Math.log(1 - random()) * meanPauseMs);
  }
}

/** Some jobs at one moment. Each asks for a scale set that there is, by its label, which outlives the set's id. */
export function queueJobs(
  { simulator, settings, random, sleep, queued }: Desk,
  count: number,
  { durationMs }: { readonly durationMs?: number | undefined } = {},
): void {
  for (let each = 0; each < count; each++) {
    const set = settings.scaleSets[Math.floor(random() * settings.scaleSets.length)];
    const path = settings.daemons[Math.floor(random() * settings.daemons.length)]?.path ?? "my-org";
    const job = simulator.queueJob({
      runsOn: [set?.name ?? "set-a"],
      repository: `${path}/widgets`,
      durationMs: durationMs ?? lengthOf(settings, random),
      result: random() < 0.1 ? "failed" : "succeeded",
    });
    if (job.state !== "stranded") queued(job.id, `${path}/${set?.name ?? "set-a"}`);
    if (random() >= settings.cancelled) continue;
    void sleep(random() * 240_000).then(() => simulator.cancelJob(job.id));
  }
}

function lengthOf({ long }: Settings, random: Random): number {
  if (random() < long) return Math.round(600_000 + random() * 1_200_000);
  return Math.round(2_000 + random() * random() * 240_000);
}
