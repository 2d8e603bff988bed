import { BackendError } from "@scaleset/provisioner";
import { describe, expect, test } from "vitest";
import { capacity } from "../../src/worlds/watch/capacity.js";
import { hindrances } from "../../src/worlds/watch/hindrances.js";
import { Court, MINUTE, SECOND } from "./court.js";

const full = new BackendError("capacity", "full");
const broken = new BackendError("transient", "broken");

function opened(options: ConstructorParameters<typeof Court>[1] = {}): Court {
  const court = new Court(capacity, options);
  court.open();
  court.decide();
  return court;
}

function fails(court: Court, error: unknown, times: number, from = 0): void {
  for (let time = 0; time < times; time++) {
    court.began("create", `set-a-${from + time}`);
    court.ended("create", `set-a-${from + time}`, error);
  }
}

describe("I8: what is announced is at least 1, and what can be done now", () => {
  test("never 0, never above the maximum", () => {
    const court = opened();
    court.poll(1);
    court.poll(4);
    expect(court.invariants).toEqual([]);
    court.poll(0);
    court.poll(5);
    expect(court.invariants).toEqual(["I8", "I8"]);
  });

  test("no room from the third failure in a row on, until a launch begun since has started", async () => {
    const court = opened();
    fails(court, broken, 2);
    await court.pass(30 * SECOND);
    court.poll(4);
    fails(court, broken, 1, 2);
    court.poll(4);
    expect(court.invariants).toEqual([]);
    await court.pass(5 * MINUTE);
    court.poll(1);
    expect(court.invariants).toEqual([]);
    court.poll(4);
    expect(court.invariants).toEqual(["I8"]);
    court.launch("set-a-9");
    court.poll(4);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("one refusal is enough, and what lives may be announced", async () => {
    const court = opened();
    court.launch("set-a-8");
    court.launch("set-a-9", { runnerId: 2 });
    fails(court, new BackendError("rejected", "no such image"), 1);
    await court.pass(30 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual([]);
    court.poll(3);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("after the backend said that it is full, no more than it holds; an instance made above raises it", async () => {
    const court = opened();
    court.launch("set-a-8");
    court.launch("set-a-9", { runnerId: 2 });
    fails(court, full, 1);
    court.poll(3);
    await court.pass(25 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual([]);
    court.poll(3);
    expect(court.invariants).toEqual(["I8"]);
    court.launch("set-a-7", { runnerId: 3 });
    court.poll(3);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("JIT requests without an answer are failures, too", async () => {
    const court = opened();
    for (const runnerName of ["set-a-1", "set-a-2", "set-a-3"]) {
      const asked = { kind: "jit", scaleSetId: 1, runnerName } as const;
      court.ask(asked);
      court.unanswered(asked);
    }
    await court.pass(30 * SECOND);
    court.poll(1);
    expect(court.invariants).toEqual([]);
    court.poll(2);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("a JIT config that was cut on its way is a failure, too", async () => {
    const court = opened();
    for (const runnerName of ["set-a-1", "set-a-2", "set-a-3"])
      court.call({ kind: "jit", scaleSetId: 1, runnerName }, 200, "cut");
    await court.pass(30 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("a full backend holds as many of its own as it had: strangers on the same host are not known", async () => {
    const court = opened();
    court.launch("set-a-8");
    for (const name of ["x-1", "x-2"])
      court.hosts[0]?.make({ name, labels: { schema: 1, identity: "strange", owner: "x", spec: "s" } });
    fails(court, full, 1);
    await court.pass(25 * SECOND);
    court.poll(1);
    expect(court.invariants).toEqual([]);
    court.poll(2);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("what is being destroyed counts until that is answered", async () => {
    const court = opened();
    court.launch("set-a-8");
    court.launch("set-a-9", { runnerId: 2 });
    court.began("destroy", "set-a-9");
    court.hosts[0]?.lose("set-a-9");
    fails(court, full, 1);
    court.ended("destroy", "set-a-9");
    await court.pass(25 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual([]);
    fails(court, full, 1);
    await court.pass(25 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("what another daemon made above the ceiling is announced while it lives", async () => {
    const court = opened({ daemons: ["daemon-1", "daemon-2"] });
    court.launch("set-a-8");
    fails(court, full, 1);
    await court.pass(25 * SECOND);
    court.hosts[0]?.make({
      name: "set-a-7",
      labels: { schema: 1, identity: "id of set-a", owner: "daemon-2", spec: "s" },
    });
    court.poll(2);
    expect(court.invariants).toEqual([]);
    court.poll(3);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("what another daemon ended counts until two lists did not show it", async () => {
    const court = opened({ daemons: ["daemon-1", "daemon-2"] });
    court.launch("set-a-8");
    // Gone from the backend of the first by the time at which it is full.
    court.began("create", "set-a-9", 1);
    court.list(["set-a-8", "set-a-9"]);
    court.list(["set-a-8"]);
    fails(court, full, 1);
    await court.pass(25 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual([]);
    court.list(["set-a-8"]);
    fails(court, full, 1, 1);
    await court.pass(25 * SECOND);
    court.poll(2);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("never less than what lives and can work", async () => {
    const court = opened();
    court.launch("set-a-8");
    court.launch("set-a-9", { runnerId: 2 });
    await court.pass(10 * SECOND);
    court.ask({ kind: "poll", scaleSetId: 1, capacity: 1 });
    await court.pass(10 * SECOND);
    expect(court.invariants).toEqual([]);
    await court.pass(10 * SECOND);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("a set that is well announces its maximum", async () => {
    const court = opened();
    court.launch("set-a-9");
    court.poll(2);
    await court.pass(11 * MINUTE);
    court.ask({ kind: "poll", scaleSetId: 1, capacity: 2 });
    expect(court.invariants).toEqual([]);
    await court.pass(20 * SECOND);
    expect(court.invariants).toEqual(["I8"]);
  });

  test("an instance that vanished takes up its place until its registration is gone", async () => {
    const court = opened();
    court.launch("set-a-9");
    await court.pass(11 * MINUTE);
    court.facts.lost.add("set-a-9");
    court.hosts[0]?.lose("set-a-9");
    court.ask({ kind: "poll", scaleSetId: 1, capacity: 3 });
    await court.pass(20 * SECOND);
    expect(court.invariants).toEqual([]);
    court.entry({ subject: "runner", event: "removed", runnerId: 1, runnerName: "set-a-9", scaleSetId: 1 });
    await court.pass(20 * SECOND);
    expect(court.invariants).toEqual(["I8"]);
  });

  test.each([
    { lying: true, broken: [] },
    { lying: false, broken: ["I8"] },
  ])("a job that ended at once looks like a failed boot where no message tells of it: $lying", async (each) => {
    const court = new Court((scene) => [hindrances(scene), capacity(scene)]);
    court.open();
    court.decide();
    await court.pass(11 * MINUTE);
    if (each.lying) court.troubles.begins({ liars: ["messages"] });
    court.launch("set-a-9");
    const about = { runnerId: 1, runnerName: "set-a-9", scaleSetId: 1 };
    court.entry({ subject: "job", event: "started", job: 1, ...about });
    court.hosts[0]?.exit("set-a-9", 0);
    court.entry({ subject: "runner", event: "removed", ...about });
    await court.pass(5 * SECOND);
    court.ask({ kind: "poll", scaleSetId: 1, capacity: 1 });
    await court.pass(30 * SECOND);
    expect(court.invariants).toEqual(each.broken);
  });

  test("who can launch nothing while jobs wait does not poll on", async () => {
    const court = opened();
    fails(court, broken, 3);
    court.entry({ subject: "job", event: "assigned", job: 1, scaleSetId: 1 });
    await court.pass(7 * MINUTE);
    court.poll(1);
    expect(court.invariants).toEqual([]);
    await court.pass(2 * MINUTE);
    court.poll(1);
    expect(court.invariants).toEqual(["I8"]);
  });
});
