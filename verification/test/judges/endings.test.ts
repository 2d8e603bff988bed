import { describe, expect, test } from "vitest";
import { endings } from "../../src/worlds/watch/endings.js";
import { Court, MINUTE, SECOND } from "./court.js";

const NAME = "set-a-1";
const lookUp = { kind: "look-up", runnerId: 1 } as const;

function withRunner(options: ConstructorParameters<typeof Court>[1] = {}): Court {
  const court = new Court(endings, options);
  court.open();
  court.launch(NAME);
  return court;
}

/** Look-ups that answer 404, every 5 min, then two readings and one more look-up. */
async function witnessed(court: Court, { minutes = 31, running = 0, apartMs = 62 * SECOND } = {}): Promise<void> {
  for (let minute = 0; minute <= minutes; minute += 5) {
    court.call(lookUp, 404);
    await court.pass(5 * MINUTE);
  }
  court.refresh(running);
  await court.pass(apartMs);
  court.refresh(running);
  court.call(lookUp, 404);
}

describe("I2: a live runner is ended for a reason of the law only", () => {
  test("one look-up that finds nothing is a rumor, also 90 s and a poll later", async () => {
    const court = withRunner();
    court.call({ kind: "look-up", runnerName: NAME }, 200, { count: 0, value: [] });
    await court.pass(95 * SECOND);
    court.poll(4);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("a removal that was answered 204 is enough", () => {
    const court = withRunner();
    court.call({ kind: "remove", runnerId: 1 }, 204);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual([]);
  });

  test("a registered runner that nobody asked about is not destroyed", () => {
    const court = withRunner();
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("an exited one may go once the service was asked", () => {
    const court = withRunner();
    court.hosts[0]?.exit(NAME, 0);
    court.call({ kind: "remove", runnerId: 1 }, 404);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual([]);
  });

  test("the witness rule: 30 min of 404s and two readings that need no further worker", async () => {
    const court = withRunner();
    await witnessed(court);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual([]);
  });

  test("two readings that were asked for a minute apart, by a clock that runs fast, and sent a moment less apart", async () => {
    const court = withRunner();
    await witnessed(court, { apartMs: 59_400 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual([]);
  });

  test("not two readings that were sent closer together", async () => {
    const court = withRunner();
    await witnessed(court, { apartMs: 59_000 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("not after 15 min", async () => {
    const court = withRunner();
    await witnessed(court, { minutes: 14 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("not while readings count a job that no other runner explains", async () => {
    const court = withRunner();
    await witnessed(court, { running: 1 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("another runner at work explains it", async () => {
    const court = withRunner();
    court.launch("set-a-2", { runnerId: 2 });
    court.message([{ messageType: "JobStarted", jobId: "j", runnerName: "set-a-2" }]);
    await witnessed(court, { running: 1 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual([]);
  });

  test("an answer between that it is there begins the row again", async () => {
    const court = withRunner();
    await witnessed(court, { minutes: 20 });
    court.call({ kind: "remove", runnerId: 1 }, 400);
    await witnessed(court, { minutes: 10 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("a runner that an open job names is kept for 6 h", async () => {
    const court = withRunner();
    court.message([{ messageType: "JobStarted", jobId: "j", runnerName: NAME }]);
    await witnessed(court);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("never without a session", async () => {
    const court = withRunner();
    await witnessed(court);
    court.ask({ kind: "close", scaleSetId: 1 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("the rule was followed and the runner works: broken for one liar, not for two", async () => {
    for (const liars of [["agents"], ["agents", "statistics"]] as const) {
      const court = withRunner();
      court.entry({ subject: "job", event: "started", job: 5, runnerId: 1, runnerName: NAME });
      for (const liar of liars) court.troubles.begins({ liars: [liar] });
      await witnessed(court);
      court.began("destroy", NAME);
      expect(court.invariants).toEqual(liars.length === 1 ? ["I2"] : []);
    }
  });

  test("a limit that somebody set ends a busy runner once its time is over, and no sooner", async () => {
    const court = withRunner({ timings: { maxJobDurationMs: 10 * MINUTE } });
    court.entry({ subject: "job", event: "started", job: 5, runnerId: 1, runnerName: NAME });
    await court.pass(9 * MINUTE);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
    await court.pass(MINUTE);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
    expect(court.facts.forced).toEqual(new Set([NAME]));
  });

  test("where exits are not seen, a completion, a minute, a 404 and one reading are enough", async () => {
    const court = withRunner({ observesExit: false });
    court.message([{ messageType: "JobCompleted", jobId: "j", runnerName: NAME }]);
    court.call(lookUp, 404);
    await court.pass(50 * SECOND);
    court.refresh(0);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
    await court.pass(10 * SECOND);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I2"]);
  });

  test("an instance of another identity is never touched (F23)", () => {
    const court = withRunner();
    court.hosts[0]?.make({ name: "other-1", labels: { schema: 1, identity: "other", owner: "o", spec: "s" } });
    court.began("destroy", "other-1");
    expect(court.invariants).toEqual(["F23"]);
  });
});
