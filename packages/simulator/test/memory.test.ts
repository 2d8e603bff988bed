import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { runSimulatedRunner } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { Retired } from "../src/service/retired.js";
import { world } from "./raw-client.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What is kept on purpose is small here, so that whatever else is kept shows soon. bench/ does it over HTTP with 20,000 jobs. */
test("jobs that ended leave nothing behind: the heap after twice as many is the same", async () => {
  const { simulator, client, clock } = await world({ journalCapacity: 100, endedJobsKept: 10, goneKept: 10 });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  let last = 0;
  let names = 0;
  await clock.runUntilSettled(client.poll(session));
  const round = async (): Promise<void> => {
    simulator.queueJobs(Array.from({ length: 10 }, () => ({ runsOn: "linux", durationMs: 1_000 })));
    const runners = Array.from({ length: 10 }, async () => {
      names += 1;
      const jitConfig = await client.jit(setId, `r-${names}`);
      await runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock });
    });
    await clock.runUntilSettled(Promise.all(runners));
    for (;;) {
      const answer = await clock.runUntilSettled(client.poll(session, { last }));
      if (answer.status !== 200) break;
      last = answer.body.messageId;
      await client.acknowledge(session, last);
    }
  };
  const heapAfter = async (jobs: number): Promise<number> => {
    for (let done = 0; done < jobs; done += 10) await round();
    collect();
    return process.memoryUsage().heapUsed;
  };
  // Code is compiled, and maps grow, in the first.
  await heapAfter(100);
  const first = await heapAfter(200);
  const second = await heapAfter(200);
  expect(simulator.summary()).toMatchObject({ queued: 500, succeeded: 500, leaked: 0, open: 0 });
  // A job that were kept would take some 5,000 bytes.
  expect((second - first) / 200).toBeLessThan(1_500);
}, 60_000);

test("what is over is known for so many more, and then forgotten, oldest first", () => {
  const forgotten: number[] = [];
  const retired = new Retired<number>(3, (item) => forgotten.push(item));
  for (let item = 1; item <= 10; item++) retired.add(item);
  expect(forgotten).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
