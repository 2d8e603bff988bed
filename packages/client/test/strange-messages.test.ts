import { describe, expect, test } from "vitest";
import type { JobMessage } from "../src/index.js";
import { jobs } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

describe("a listener that is sent what it does not know", () => {
  test("passes unknown kinds on whole, between the others, and goes on", async () => {
    const world = createWorld();
    const seen: JobMessage[] = [];
    const started: string[] = [];
    const { stop } = listen(world, {
      handler: {
        onMessage: ({ jobs: all }) => void seen.push(...all),
        onJobStarted: ({ runnerName }) => void started.push(runnerName),
      },
    });
    const newer = '{"messageType":"JobPaused","runnerRequestId":9223372036854775807,"why":{"code":3}}';
    const known = '{"messageType":"JobStarted","runnerName":"r-1"}';
    world.service.push(1, { body: `[${newer},${known}]`, statistics: null });
    world.service.push(2, { messageType: "SomethingElse", body: "<xml/>", statistics: null });
    await world.clock.advance(1_000);
    expect(seen).toMatchObject([
      {
        messageType: "unknown",
        kind: "JobPaused",
        raw: { messageType: "JobPaused", runnerRequestId: "9223372036854775807", why: { code: 3 } },
      },
      { messageType: "JobStarted" },
    ]);
    expect(started).toEqual(["r-1"]);
    expect(world.service.queue).toEqual([]);
    await stop();
  });

  test("takes no statistics for no reading: the last one stands", async () => {
    const world = createWorld();
    world.service.statistics = { totalAssignedJobs: 4 };
    const readings: number[] = [];
    const stands: number[] = [];
    const { stop } = listen(world, {
      handler: {
        onMessage: (_, { session }) => void stands.push(session.statistics.totalAssignedJobs),
        onStatistics: ({ totalAssignedJobs }) => void readings.push(totalAssignedJobs),
      },
    });
    await world.clock.advance(10);
    world.service.push(1, { ...jobs({ messageType: "JobAssigned" }), statistics: null });
    await world.clock.advance(10);
    world.service.push(2, { ...jobs(), statistics: { totalAssignedJobs: 0 } });
    await world.clock.advance(10);
    expect(readings).toEqual([4, 0]);
    expect(stands).toEqual([4, 0]);
    expect(world.service.queue).toEqual([]);
    await stop();
  });
});
