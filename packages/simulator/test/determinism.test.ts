import { createSimulator, runSimulatedRunner, seededRandom, VirtualClock } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { jobMessages, RawClient } from "./raw-client.js";

/** An hour of jobs, runners, faults and deaths; answers everything that happened. */
async function trace(seed: number): Promise<string> {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const simulator = createSimulator({ clock, random: seededRandom(seed + 1_000) });
  const client = await RawClient.connect(simulator);
  const setId = await client.createSet();
  let session = await client.openSession(setId);
  simulator.faults.add({ call: "get-message", probability: 0.1, effect: { kind: "truncated" } });
  simulator.faults.add({
    call: ["runner-get-message", "runner-complete-job"],
    probability: 0.1,
    effect: { kind: "reset" },
  });
  simulator.faults.add({ probability: 0.2, effect: { kind: "latency", ms: 700 } });
  let names = 0;
  const poll = async (): Promise<void> => {
    for (let last = 0; ; ) {
      const answer = await client.poll(session, { last, capacity: 20 });
      if (answer.status === 401) session = await client.openSession(setId);
      if (answer.status !== 200 || answer.body === undefined) continue;
      last = answer.body.messageId;
      for (const message of jobMessages(answer)) if (message.messageType === "JobAssigned") void start();
      await client.acknowledge(session, last);
    }
  };
  const start = async (): Promise<void> => {
    names += 1;
    const kill = new AbortController();
    if (random() < 0.1)
      clock.sleep(random() * 60_000).then(
        () => kill.abort(new Error("killed")),
        () => undefined,
      );
    const jitConfig = await client.jit(setId, `r-${names}`);
    await runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, kill: kill.signal });
  };
  void poll();
  for (let minute = 0; minute < 50; minute++) {
    if (random() < 0.7) simulator.queueJob({ runsOn: "linux", durationMs: random() * 240_000 });
    await clock.runFor(60_000);
  }
  expect(simulator.violations()).toEqual([]);
  expect(simulator.journal.entries({ subject: "fault" }).length).toBeGreaterThan(50);
  return JSON.stringify(simulator.journal.entries());
}

test("the same seed gives the same trace, in any order of seeds; another seed gives another", async () => {
  const first = await trace(1);
  const other = await trace(2);
  expect(await trace(1)).toBe(first);
  expect(await trace(2)).toBe(other);
  expect(other).not.toBe(first);
});
