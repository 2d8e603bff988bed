import { createSimulator, seededRandom, VirtualClock } from "@scaleset/simulator";
import { appKey, configOf } from "./config.js";
import { Daemon } from "./daemon.js";
import { collectGarbage } from "./garbage.js";
import { newHost } from "./host.js";
import { settingsOf } from "./settings.js";
import { smallRunnerKey } from "./small-key.js";

export interface GrowthOptions {
  readonly rounds: number;
  readonly jobsARound: number;
}

/**
 * Runs the same number of short jobs round after round, with nobody watching, and resolves with the bytes that are in
 * use at rest after each. What grows with time grows from round to round.
 */
export async function heapAtRest({ rounds, jobsARound }: GrowthOptions): Promise<number[]> {
  const settings = { ...settingsOf(1, { world: "calm" }), maxInstances: undefined, maxRunners: undefined };
  const clock = new VirtualClock();
  const chance = (part: string) => seededRandom(`growth:${part}`);
  const simulator = createSimulator({
    clock,
    random: chance("service"),
    runnerKeys: smallRunnerKey,
    journalCapacity: 10,
    endedJobsKept: 10,
    goneKept: 10,
  });
  const host = newHost(settings, { clock, simulator, chance, index: 0 });
  const nothing = (): void => {};
  const daemon = new Daemon(
    {
      name: "daemon-1",
      path: "my-org",
      clock,
      chance,
      skew: { aheadMs: 0, rate: 1 },
      fetch: simulator.fetch,
      latencyMs: [1, 2],
      host,
      hooks: {
        asked: nothing,
        answered: nothing,
        over: nothing,
        began: nothing,
        ended: nothing,
        jitHandedOver: nothing,
        listed: nothing,
        destroyDelayMs: () => 0,
        decided: nothing,
        commanded: nothing,
        logged: nothing,
        endedUnasked: (error) => {
          throw error;
        },
      },
    },
    configOf(
      simulator,
      { ...settings, scaleSets: [{ name: "set-a", minRunners: 0, maxRunners: 20 }] },
      { name: "daemon-1", host: 0, path: "my-org", skew: { aheadMs: 0, rate: 1 }, credentials: "token" },
      appKey(),
    ),
  );
  daemon.start();
  await clock.runFor(10_000);
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let job = 0; job < jobsARound; job += 20) {
      for (let each = 0; each < 20; each++) {
        simulator.queueJob({ runsOn: ["set-a"], repository: "my-org/widgets", durationMs: 1_000 });
      }
      await clock.runUntil(() => simulator.summary().open === 0);
    }
    await clock.runUntil(() => host.instances().length === 0);
    // What is remembered for a while, of runners that are gone, has had its time.
    await clock.runFor(2 * 3_600_000);
    collectGarbage();
    bytes.push(process.memoryUsage().heapUsed);
  }
  await clock.runUntilSettled(daemon.stop());
  await simulator.close();
  return bytes;
}
