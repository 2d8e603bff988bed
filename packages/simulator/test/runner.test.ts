import { runSimulatedRunner } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { jobMessages, world } from "./raw-client.js";

test("a job goes from queue to runner to end, and its registration goes with it", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const first = client.poll(session, { capacity: 3 });
  simulator.queueJob({ scaleSet: "linux", durationMs: 90_000 });
  const assigned = await clock.runUntilSettled(first);
  expect(jobMessages(assigned)).toMatchObject([{ messageType: "JobAssigned", runnerRequestId: 0 }]);
  expect(assigned.body.statistics).toMatchObject({ totalAssignedJobs: 1, totalRunningJobs: 0 });
  await client.acknowledge(session, assigned.body.messageId);

  const jitConfig = await client.jit(setId, "r-1");
  const exit = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock });
  const started = await clock.runUntilSettled(client.poll(session, { last: 1 }));
  expect(jobMessages(started)).toMatchObject([{ messageType: "JobStarted", runnerName: "r-1" }]);
  expect(started.body.statistics).toMatchObject({
    totalRunningJobs: 1,
    totalBusyRunners: 1,
    totalRegisteredRunners: 1,
  });
  const next = await clock.runUntilSettled(client.poll(session, { last: 2 }));
  expect(next.status).toBe(202);
  const completed = await clock.runUntilSettled(client.poll(session, { last: 2 }));
  expect(await clock.runUntilSettled(exit)).toBe(0);
  expect(jobMessages(completed)).toMatchObject([
    { messageType: "JobCompleted", result: "succeeded", runnerName: "r-1" },
  ]);
  expect(simulator.summary()).toMatchObject({ succeeded: 1, lost: 0, twice: 0, leaked: 0, open: 0 });
  expect((await client.agents("GET", "?agentName=r-1")).body.count).toBe(0);
});
