import { describe, expect, test } from "vitest";
import { fairness } from "../../src/worlds/watch/fairness.js";
import { maximum } from "../../src/worlds/watch/maximum.js";
import { Memory } from "../../src/worlds/watch/memory.js";
import { messages } from "../../src/worlds/watch/messages.js";
import { requests } from "../../src/worlds/watch/requests.js";
import { useless } from "../../src/worlds/watch/useless.js";
import { Court, MINUTE, SECOND } from "./court.js";

const offers = (...ids: string[]) => ids.map((id) => ({ messageType: "JobAvailable", runnerRequestId: id, jobId: id }));

describe("I5: what is acknowledged was handled", () => {
  test("not before it was decided upon, not what was never handed out", () => {
    const court = new Court(messages);
    court.open();
    const messageId = court.message([]);
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId: 77 });
    expect(court.invariants).toEqual(["I5", "I5"]);
    court.decide();
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    expect(court.invariants).toHaveLength(2);
  });

  test("offered jobs are acquired first; a failure for a while is no answer", async () => {
    const court = new Court(messages);
    court.open();
    const messageId = court.message(offers("9007199254740993", "2"));
    court.decide();
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["9007199254740993", "2"] }, 503);
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.poll(4);
    await court.pass(10 * SECOND);
    expect(court.invariants).toEqual(["I5"]);
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["9007199254740993", "2"] }, 200);
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.poll(4);
    expect(court.invariants).toEqual(["I5"]);
  });

  test("what was acquired takes room until a reading knows of it, or a message names it", async () => {
    const court = new Court(messages);
    court.open();
    await court.pass(SECOND);
    court.message(offers("1"), { totalAssignedJobs: 3 });
    court.decide();
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] }, 200);
    await court.pass(SECOND);
    const later = court.message(offers("2"), { totalAssignedJobs: 3 });
    court.decide();
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId: later });
    court.poll(4);
    expect(court.invariants, "the statistics may be older than the grant").toEqual([]);
    const named = [{ messageType: "JobAssigned", runnerRequestId: "1", jobId: "1" }, ...offers("3")];
    const last = court.message(named, { totalAssignedJobs: 3 });
    court.decide();
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId: last });
    court.poll(4);
    await court.pass(10 * SECOND);
    expect(court.invariants).toEqual(["I5"]);
  });

  test("no more is acquired than is announced before or after", async () => {
    const court = new Court(messages);
    court.open();
    await court.pass(SECOND);
    court.message(offers("1", "2", "3"), { totalAssignedJobs: 3 });
    court.decide();
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1", "2"] }, 200);
    court.poll(5);
    expect(court.invariants).toEqual([]);
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["gone"] }, 200, { count: 0, value: [] });
    court.poll(6);
    expect(court.invariants, "what is not granted takes no room").toEqual([]);
    court.poll(5);
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["3"] }, 200, { count: 1, value: [3] });
    court.poll(5);
    expect(court.invariants).toEqual(["I5"]);
  });

  test("a request that is repeated takes a job but once, also where a message named it meanwhile", async () => {
    const court = new Court(messages);
    court.open();
    await court.pass(SECOND);
    court.message(offers("1"), { totalAssignedJobs: 3 });
    court.ask({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] });
    const assigned = [{ messageType: "JobAssigned", runnerRequestId: "1", jobId: "1" }];
    court.message(assigned, { totalAssignedJobs: 4 });
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] }, 200);
    court.poll(4);
    expect(court.invariants).toEqual([]);
    court.message(offers("1"), { totalAssignedJobs: 4 });
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] }, 200);
    court.poll(4);
    expect(court.invariants, "offered again").toEqual(["I5"]);
  });

  test("a request without a response may be counted before it is repeated", async () => {
    const court = new Court(messages);
    court.open();
    await court.pass(SECOND);
    court.message(offers("1", "2"), { totalAssignedJobs: 3 });
    const asked = { kind: "acquire", scaleSetId: 1, requestIds: ["1"] } as const;
    court.ask(asked);
    court.unanswered(asked);
    court.message([], { totalAssignedJobs: 4 });
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] }, 200);
    court.poll(4);
    expect(court.invariants).toEqual([]);
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["2"] }, 200);
    court.poll(4);
    expect(court.invariants, "another one").toEqual(["I5"]);
  });

  test("what exceeded the announced when it came may be kept, also if a reading counts less since", async () => {
    const court = new Court(messages);
    court.open();
    const messageId = court.message(offers("1"), { totalAssignedJobs: 4 });
    court.decide();
    await court.pass(SECOND);
    court.call({ kind: "refresh", scaleSetId: 1 }, 200, {
      messageQueueUrl: "https://queue",
      statistics: { totalAssignedJobs: 1 },
    });
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.poll(4);
    expect(court.invariants).toEqual([]);
  });

  test("what is kept may be acquired with the next poll", async () => {
    const court = new Court(messages);
    court.open();
    const messageId = court.message(offers("1", "2"), { totalAssignedJobs: 3 });
    court.decide();
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.poll(4);
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["2"] }, 200);
    await court.pass(10 * SECOND);
    expect(court.invariants).toEqual([]);
  });

  test("what could be done may become less while a message is handled", async () => {
    const court = new Court(messages);
    court.open();
    for (const capacity of [1, 2]) {
      const messageId = court.message(offers(`${capacity}`), { totalAssignedJobs: 1 });
      court.decide();
      court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
      court.poll(capacity);
      await court.pass(10 * SECOND);
      expect(court.invariants).toHaveLength(capacity - 1);
    }
  });

  test("what is offered beyond the announced may be kept", () => {
    const court = new Court(messages);
    court.open();
    const messageId = court.message(offers("1", "2", "3"), { totalAssignedJobs: 3 });
    court.decide();
    court.call({ kind: "acquire", scaleSetId: 1, requestIds: ["1"] }, 200);
    court.ask({ kind: "acknowledge", scaleSetId: 1, messageId });
    court.poll(4);
    expect(court.invariants).toEqual([]);
  });
});

describe("fairness between sets of equal priority under a shared limit", () => {
  const sets = [
    { name: "set-a", maxRunners: 4 },
    { name: "set-b", maxRunners: 4 },
  ];

  test("a set that waits is next, after a few turns of the other at most", async () => {
    const court = new Court(fairness, { sets, limit: 1 });
    court.open(0, 1);
    court.open(0, 2);
    court.entry({ subject: "job", event: "assigned", job: 1, scaleSetId: 2 });
    await court.pass(30 * SECOND);
    for (let turn = 1; turn <= 3; turn++) court.began("create", `set-a-${turn}`);
    expect(court.invariants).toEqual([]);
    court.began("create", "set-a-4");
    expect(court.invariants).toEqual(["fair"]);
  });

  test("a turn of its own ends the wait", async () => {
    const court = new Court(fairness, { sets, limit: 1 });
    court.open(0, 1);
    court.open(0, 2);
    court.entry({ subject: "job", event: "assigned", job: 1, scaleSetId: 2 });
    await court.pass(30 * SECOND);
    court.began("create", "set-b-1");
    for (let turn = 1; turn <= 9; turn++) court.began("create", `set-a-${turn}`);
    expect(court.invariants).toEqual([]);
  });
});

describe("I3: never above the maximum", () => {
  test("of those here", () => {
    const court = new Court(maximum, { sets: [{ name: "set-a", maxRunners: 1 }] });
    court.open();
    court.launch("set-a-1");
    expect(court.invariants).toEqual([]);
    court.launch("set-a-2", { runnerId: 2 });
    expect(court.invariants).toEqual(["I3"]);
  });

  test("of those that lists have shown: what two of them lack is lost to the daemon", async () => {
    const court = new Court(maximum);
    court.open();
    for (const n of [1, 2, 3, 4]) court.launch(`set-a-${n}`, { runnerId: n });
    court.list(["set-a-2", "set-a-3", "set-a-4"]);
    await court.pass(31 * SECOND);
    court.list(["set-a-2", "set-a-3", "set-a-4"]);
    court.launch("set-a-5", { runnerId: 5 });
    expect(court.invariants).toEqual([]);
    court.launch("set-a-6", { runnerId: 6 });
    expect(court.invariants).toEqual(["I3"]);
  });

  test("of those on another machine that were online at the takeover", async () => {
    const court = new Court(maximum, { sets: [{ name: "set-a", maxRunners: 1 }], daemons: ["daemon-1", "daemon-2"] });
    court.open();
    court.launch("set-a-1");
    await court.pass(MINUTE);
    court.open(1);
    await court.pass(MINUTE);
    court.launch("set-a-2", { runnerId: 2, by: 1 });
    expect(court.invariants).toEqual(["I3"]);
  });
});

describe("I7: bounded in every failure", () => {
  test("requests, questions and refreshes at once", async () => {
    const court = new Court(requests);
    for (let time = 0; time < 181; time++) court.ask({ kind: "other" });
    expect(court.invariants).toEqual(["I7"]);
    await court.pass(MINUTE);
    for (let time = 0; time < 101; time++) court.ask({ kind: "look-up", runnerId: 1 });
    expect(court.invariants).toEqual(["I7", "I7"]);
    court.ask({ kind: "refresh", scaleSetId: 1 });
    expect(court.invariants).toHaveLength(3);
  });

  test("JIT configs that come to nothing", () => {
    const court = new Court(useless);
    for (let time = 0; time < 41; time++) court.ask({ kind: "jit", scaleSetId: 1, runnerName: `set-a-${time}` });
    expect(court.invariants).toEqual(["I7"]);
  });
});

describe("secrets: JIT configs leave memory with their runner", () => {
  test("one that is kept is found, one that is let go is not", async () => {
    const kept: object[] = [];
    for (const keep of [false, true]) {
      const court = new Court((scene) => new Memory(scene));
      const memory = new Memory(court.scene);
      handOver(memory, keep ? kept : []);
      await court.pass(5 * SECOND);
      memory.atRest();
      expect(court.invariants).toEqual(keep ? ["secret"] : []);
    }
    expect(kept).toHaveLength(1);
  });
});

function handOver(memory: Memory, into: object[]): void {
  const jitConfig = { reveal: () => "jit" };
  memory.jitHandedOver("set-a-1", jitConfig);
  into.push(jitConfig);
}
