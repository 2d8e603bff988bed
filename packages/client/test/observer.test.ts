import { describe, expect, test } from "vitest";
import type { Attempt, JobDurations, ListenerObserver } from "../src/index.js";
import { jobs, json } from "./kit/fake-service.js";
import { createWorld, listen, type World } from "./kit/world.js";

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();
const UNSET = "0001-01-01T00:00:00Z";
const times = {
  queueTime: at(0),
  scaleSetAssignTime: at(2.5),
  runnerAssignTime: at(40),
  finishTime: UNSET,
};

/** A listener that was given the message, with what the observer was told of its jobs. */
async function observeJobs(world: World, message: object, observer: ListenerObserver = {}) {
  const told: [string, JobDurations][] = [];
  const note = ({ job, ...durations }: { readonly job: { readonly messageType: string } } & JobDurations) => {
    told.push([job.messageType, durations]);
  };
  const listening = listen(world, { observer: { onJobStarted: note, onJobCompleted: note, ...observer } });
  world.service.push(1, message);
  await world.clock.advance(1_000);
  return { ...listening, told };
}

describe("an observer of a listener", () => {
  test("is told how long a job was queued, waited for its runner, and ran", async () => {
    const { told, stop } = await observeJobs(
      createWorld(),
      jobs(
        { messageType: "JobStarted", ...times },
        { messageType: "JobCompleted", ...times, finishTime: at(100.5), result: "succeeded" },
      ),
    );
    expect(told).toEqual([
      ["JobStarted", { queuedMs: 2_500, startupMs: 37_500, executionMs: undefined }],
      ["JobCompleted", { queuedMs: 2_500, startupMs: 37_500, executionMs: 60_500 }],
    ]);
    await stop();
  });

  test("is told no duration where a time is not set, and none below 0", async () => {
    const { told, stop } = await observeJobs(
      createWorld(),
      jobs(
        {
          messageType: "JobCompleted",
          queueTime: at(0),
          scaleSetAssignTime: UNSET,
          finishTime: at(9),
          result: "canceled",
        },
        { messageType: "JobStarted", ...times, queueTime: at(3) },
        { messageType: "JobAssigned", ...times },
      ),
    );
    expect(told).toEqual([
      ["JobCompleted", { queuedMs: undefined, startupMs: undefined, executionMs: undefined }],
      ["JobStarted", { queuedMs: 0, startupMs: 37_500, executionMs: undefined }],
    ]);
    await stop();
  });

  test("counts a job once, although its message could not be acknowledged and came again", async () => {
    const world = createWorld();
    world.service.once("DELETE queue", ...Array.from({ length: 6 }, () => () => json(503, {})));
    const { told, stop } = await observeJobs(world, jobs({ messageType: "JobStarted", ...times }));
    await world.clock.advance(120_000);
    expect(world.service.count("DELETE queue")).toBeGreaterThan(4);
    expect(world.service.queue).toEqual([]);
    expect(told).toHaveLength(1);
    await stop();
  });

  test("is told every reading that was handled and what the handler wants for it, also without any message", async () => {
    const world = createWorld();
    world.service.statistics = { totalAssignedJobs: 4 };
    const told: unknown[] = [];
    let want: number | undefined;
    const { stop } = listen(world, {
      handler: { onStatistics: ({ totalAssignedJobs }) => (want === undefined ? undefined : want + totalAssignedJobs) },
      observer: {
        onStatistics: ({ statistics, messageId }) => told.push([messageId, statistics.totalAssignedJobs]),
        onDesiredCount: ({ count, scaleSetId, generation }) => told.push({ count, scaleSetId, generation }),
      },
    });
    await world.clock.advance(10);
    want = 2;
    world.service.push(1, jobs({ messageType: "JobAssigned" }));
    await world.clock.advance(10);
    expect(told).toEqual([[undefined, 4], [1, 1], { count: 3, scaleSetId: 5, generation: 1 }]);
    await stop();
  });

  test("that throws changes nothing, and is logged", async () => {
    const world = createWorld();
    const throws = (): never => {
      throw new Error("the observer's own affair");
    };
    const { stop } = await observeJobs(world, jobs({ messageType: "JobStarted", ...times }), {
      onState: throws,
      onSessionOpened: throws,
      onPollStarted: throws,
      onAnswered: throws,
      onStatistics: throws,
      onJobStarted: throws,
    });
    expect(world.service.queue).toEqual([]);
    expect(world.log.some((line) => line.startsWith("an observer threw"))).toBe(true);
    await stop();
  });
});

describe("an observer of a client", () => {
  test("is told every attempt, how it ended, and when the next one is", async () => {
    const attempts: Attempt[] = [];
    const tokens: unknown[] = [];
    const { client, clock, service } = createWorld({
      observer: { onAttempt: (attempt) => attempts.push(attempt), onTokenRenewed: (token) => tokens.push(token) },
    });
    service.once("GET runnerscalesets/ID", () => json(503, {}));
    await clock.run(client.getRunnerScaleSetById(5));
    expect(tokens).toEqual([{ token: "admin", lifeMs: 3_600_000 }]);
    expect(attempts.slice(2)).toEqual([
      {
        operation: "getRunnerScaleSetById",
        attempt: 1,
        durationMs: 0,
        status: 503,
        code: "SERVER_ERROR",
        retryInMs: clock.monotonic(),
      },
      {
        operation: "getRunnerScaleSetById",
        attempt: 2,
        durationMs: 0,
        status: 200,
        code: undefined,
        retryInMs: undefined,
      },
    ]);
  });
});
