import { pick, type Stage } from "./failures/failure.js";
import type { Settings } from "./settings.js";

/** A stage on which it is known when something goes wrong. */
export interface Troubled extends Stage {
  /** Something goes wrong from now on, until the answered function is called. */
  begins(name: string): () => void;
}

/** Failures come one after the other in each lane, with calm between them, until the world's misfortunes are over. */
export function misfortunes(stage: Troubled, { failures, lanes, pauseMs }: Settings): Promise<void>[] {
  return Array.from({ length: lanes }, () => lane(stage, failures, pauseMs));
}

async function lane(stage: Troubled, failures: Settings["failures"], pauseMs: number): Promise<void> {
  while (!stage.over) {
    await stage.sleep(-Math.log(1 - stage.random()) * pauseMs);
    const failure = pick(stage.random, failures);
    if (stage.over || failure === undefined) continue;
    const ends = stage.begins(failure.name);
    await failure.strike(stage);
    ends();
  }
}
