import type { Chronicle } from "./chronicle.js";
import type { WorldName } from "./kinds.js";
import { misfortunes } from "./nemesis.js";
import { unrest } from "./rest.js";
import { settingsOf } from "./settings.js";
import { setStage } from "./stage.js";
import type { TallyRow } from "./tally.js";
import type { Broken } from "./watch/scene.js";
import { leftOver } from "./watch/settled.js";

export interface WorldReport {
  readonly seed: number;
  readonly world: WorldName;
  /** What did not hold; undefined when everything did. */
  readonly broken: Broken | undefined;
  /** What matters about it, oldest first. */
  readonly excerpt: readonly string[];
  readonly tally: readonly TallyRow[];
  readonly virtualMs: number;
  readonly jobs: number;
  /** Of everything that it did (`trace.ts`): equal hashes, equal behavior. */
  readonly hash: string;
}

export interface WorldResult extends WorldReport {
  /** Everything that happened. */
  readonly chronicle: Chronicle;
}

/** After faults stop, everything has come to rest within this time. @unit milliseconds */
const REST_MS = 8 * 3_600_000;

export interface WorldOptions {
  readonly world?: WorldName | undefined;
  readonly hours?: number | undefined;
  /** Invariants that don't end the world when they break; they are counted. @default none */
  readonly ignore?: readonly string[] | undefined;
}

/** Lives a world from its first job to its rest. One seed gives one world. */
export async function runWorld(seed: number, options: WorldOptions = {}): Promise<WorldResult> {
  const settings = settingsOf(seed, options);
  const stage = setStage(settings, options);
  const { clock, chronicle, trace, tally, scene, daemons, broken } = stage;
  tally.add("world", settings.world);
  for (const daemon of daemons) stage.start(daemon);
  const lanes = [stage.lookout(), stage.watchman(), stage.workload(), ...misfortunes(stage.misfortune, settings)];
  await clock.runUntil(() => broken.length > 0 || clock.monotonic() >= settings.lastsMs);
  stage.end();
  if (broken.length === 0) await clock.runUntilSettled(Promise.allSettled(lanes.slice(2)));
  if (broken.length === 0) await clock.runUntilSettled(stage.misfortune.restore());
  await clock.runUntil(() => broken.length > 0 || stage.rested() || clock.monotonic() >= settings.lastsMs + REST_MS);
  if (broken.length === 0 && !stage.rested()) scene.broke("left", `the world does not come to rest: ${unrest(scene)}`);
  if (broken.length === 0) stage.atRest();
  // A world that broke was left in the middle of things.
  if (broken.length === 0) leftOver(scene, stage.openJobs());
  if (broken.length === 0) await stage.stopAll();
  for (const law of broken.length === 0 ? scene.simulator.violations() : []) scene.broke("simulator", law);
  stage.close();
  await clock.drain();
  const [first] = broken;
  return {
    seed,
    world: settings.world,
    broken: first,
    excerpt: first === undefined ? [] : chronicle.excerpt(first.about),
    tally: tally.rows(),
    virtualMs: clock.monotonic(),
    jobs: stage.jobs(),
    hash: trace.digest(),
    chronicle,
  };
}
