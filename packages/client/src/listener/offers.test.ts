import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobMessage, RunnerScaleSetMessage, RunnerScaleSetStatistics } from "../types.js";
import { Offers } from "./offers.js";

const reading = (counts: Partial<RunnerScaleSetStatistics>): RunnerScaleSetStatistics => ({
  totalAvailableJobs: 0,
  totalAcquiredJobs: 0,
  totalAssignedJobs: 0,
  totalRunningJobs: 0,
  totalRegisteredRunners: 0,
  totalBusyRunners: 0,
  totalIdleRunners: 0,
  ...counts,
});

const naming = (messageType: "JobAssigned" | "JobCompleted", runnerRequestId: string): RunnerScaleSetMessage => {
  const job: JobMessage = {
    messageType,
    runnerRequestId,
    repositoryName: "",
    ownerName: "",
    jobId: "",
    jobWorkflowRef: "",
    jobDisplayName: "",
    workflowRunId: "0",
    eventName: "",
    requestLabels: [],
    queueTime: undefined,
    scaleSetAssignTime: undefined,
    runnerAssignTime: undefined,
    finishTime: undefined,
    result: "",
    runnerId: 0,
    runnerName: "",
  };
  return { messageId: 1, messageType: "RunnerScaleSetJobMessages", statistics: undefined, jobs: [job] };
};

describe("offers", () => {
  test("are taken up to the room that assigned, acquired and granted jobs leave, oldest first", () => {
    const offers = new Offers();
    offers.read(reading({ totalAssignedJobs: 2, totalAcquiredJobs: 1 }), 0);
    offers.keep(["a", "b", "c"]);
    const first = offers.take(5);
    expect(first).toEqual(["a", "b"]);
    expect(offers.take(5), "what is asked for takes room").toEqual([]);
    offers.answered(first, ["a"], 10);
    expect(offers.take(5), "b was not granted, it is gone").toEqual(["c"]);
    expect(offers.kept).toEqual([]);
  });

  test("a grant takes room until statistics count it: a message that names it, a later refresh, or a minute", () => {
    const offers = new Offers();
    offers.keep(["a"]);
    offers.answered(offers.take(1), ["a"], 100_000);
    offers.keep(["b"]);
    offers.read(reading({}), 100_500);
    expect(offers.take(1), "the message may be older than the grant").toEqual([]);
    offers.read(reading({}), 100_600, 99_000);
    expect(offers.take(1), "the refresh was sent before the grant").toEqual([]);
    offers.read(reading({}), 101_000, 100_900);
    expect(offers.take(1)).toEqual(["b"]);
    offers.answered(["b"], ["b"], 101_000);
    offers.keep(["c"]);
    expect(offers.take(1)).toEqual([]);
    offers.named(naming("JobAssigned", "b"));
    expect(offers.take(1)).toEqual(["c"]);
    offers.answered(["c"], ["c"], 102_000);
    offers.keep(["d"]);
    offers.read(reading({}), 162_000);
    expect(offers.take(1)).toEqual(["d"]);
  });

  test("what ended, was declined or is not listed drops out; what was offered while listing stays", () => {
    const offers = new Offers();
    offers.keep(["a", "b", "c"]);
    offers.named(naming("JobCompleted", "a"));
    offers.decline(["b"]);
    offers.keep(["b"]);
    expect(offers.kept).toEqual(["c"]);
    const before = offers.kept;
    offers.keep(["d"]);
    offers.listed(["e", "b"], before);
    expect(offers.kept).toEqual(["d", "e"]);
  });

  test("an answer that did not come loses nothing", () => {
    const offers = new Offers();
    offers.keep(["a", "b"]);
    offers.failed(offers.take(2));
    expect(offers.take(2)).toEqual(["a", "b"]);
  });

  test("keep a bounded number", () => {
    const offers = new Offers();
    offers.keep(Array.from({ length: 5_000 }, (_, i) => String(i)));
    expect(offers.kept).toHaveLength(1_000);
  });

  test("never takes more than there is room for, whatever comes", () => {
    const step = fc.oneof(
      fc.record({ keep: fc.array(fc.nat(5_000).map(String), { maxLength: 400 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ assigned: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const offers = new Offers();
        let taken = 0;
        let granted = 0;
        for (const each of steps) {
          if ("keep" in each) offers.keep(each.keep);
          else if ("assigned" in each) {
            offers.read(reading({ totalAssignedJobs: each.assigned }), 1_000_000, 1_000_000);
            [taken, granted] = [each.assigned, 0];
          } else {
            const ids = offers.take(each.take);
            expect(ids.length).toBeLessThanOrEqual(Math.max(0, each.take - taken - granted));
            offers.answered(ids, ids, 0);
            granted += ids.length;
          }
        }
      }),
    );
  });
});
