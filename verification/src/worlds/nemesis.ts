import { type Failure, pick, type Stage } from "./failures/failure.js";
import type { Settings } from "./settings.js";

/**
 * Failures come one after the other in each lane, with calm between them, until the world's misfortunes are over: those
 * dealt to it, then any of its kind.
 */
export function misfortunes(stage: Stage, { failures, dealt, lanes, pauseMs }: Settings): Promise<void>[] {
  const first = [...dealt];
  const next = (): Failure | undefined => first.shift() ?? pick(stage.random, failures);
  return Array.from({ length: lanes }, () => lane(stage, next, pauseMs));
}

async function lane(stage: Stage, next: () => Failure | undefined, pauseMs: number): Promise<void> {
  while (!stage.over) {
    await stage.sleep(-Math.log(1 - stage.random()) * pauseMs);
    const failure = next();
    if (stage.over || failure === undefined) continue;
    const ends = stage.begins(failure.name, failure);
    await failure.strike(stage);
    ends();
  }
}
