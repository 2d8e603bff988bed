import { pick, type Stage } from "./failures/failure.js";
import type { Settings } from "./settings.js";

/** Failures come one after the other in each lane, with calm between them, until the world's misfortunes are over. */
export function misfortunes(stage: Stage, { failures, lanes, pauseMs }: Settings): Promise<void>[] {
  return Array.from({ length: lanes }, () => lane(stage, failures, pauseMs));
}

async function lane(stage: Stage, failures: Settings["failures"], pauseMs: number): Promise<void> {
  while (!stage.over) {
    await stage.sleep(-Math.log(1 - stage.random()) * pauseMs);
    const failure = pick(stage.random, failures);
    if (stage.over || failure === undefined) continue;
    const ends = stage.begins(failure.name, failure);
    await failure.strike(stage);
    ends();
  }
}
