import { describe, expect, test } from "vitest";
import { rights } from "../../src/worlds/watch/rights.js";
import { Court, MINUTE, SECOND } from "./court.js";

const NAME = "set-a-1";

describe("I11: the lease counts from the sending of the newest answered call", () => {
  test("a launch 51 s after it is one too many", async () => {
    const court = new Court(rights);
    court.open();
    await court.pass(49 * SECOND);
    court.began("create", NAME);
    expect(court.invariants).toEqual([]);
    await court.pass(3 * SECOND);
    court.began("create", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("an answer that is read late proves nothing", async () => {
    const court = new Court(rights);
    court.open();
    const poll = { kind: "poll", scaleSetId: 1, capacity: 4 } as const;
    court.ask(poll);
    await court.pass(66 * SECOND);
    court.answer(poll, 202);
    court.began("create", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("an answered acknowledgement renews it, a refused poll does not", async () => {
    const court = new Court(rights);
    court.open();
    await court.pass(45 * SECOND);
    court.call({ kind: "acknowledge", scaleSetId: 1, messageId: 1 }, 204);
    await court.pass(45 * SECOND);
    court.call({ kind: "poll", scaleSetId: 1, capacity: 4 }, 503);
    court.began("create", NAME);
    expect(court.invariants).toEqual([]);
    await court.pass(10 * SECOND);
    court.began("create", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("a refresh that fails for good ends the session at once", async () => {
    const court = new Court(rights);
    court.open();
    court.call({ kind: "refresh", scaleSetId: 1 }, 404);
    court.began("create", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("no JIT config and no start without a session", async () => {
    const court = new Court(rights);
    court.ask({ kind: "jit", scaleSetId: 1, runnerName: NAME });
    court.began("start", NAME);
    expect(court.invariants).toEqual(["I11", "I11"]);
  });
});

describe("I11: what a daemon without a session may end", () => {
  async function standby(message: string): Promise<Court> {
    const court = new Court(rights, { daemons: ["daemon-1", "daemon-2"] });
    court.open();
    court.launch(NAME);
    court.ask({ kind: "close", scaleSetId: 1 });
    court.refused(message);
    await court.pass(MINUTE);
    return court;
  }
  const named = "The runner scale set a already has an active session for owner daemon-2.";

  test("an exited one of its own at once, a live one only 5 min after a 409 that names another holder", async () => {
    const court = await standby(named);
    court.call({ kind: "remove", runnerId: 1 }, 204);
    expect(court.invariants).toEqual(["I11"]);
    await court.pass(4 * MINUTE);
    court.ask({ kind: "remove", runnerId: 1 });
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("a holder's name may have spaces", async () => {
    const court = await standby("The runner scale set a already has an active session for owner a killed daemon.");
    await court.pass(4 * MINUTE);
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual([]);
  });

  test("30 min after one that names nobody", async () => {
    const court = await standby("There is an active session.");
    await court.pass(28 * MINUTE);
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11"]);
    await court.pass(MINUTE);
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11"]);
  });

  test("never after one that names itself", async () => {
    const court = await standby("The runner scale set a already has an active session for owner daemon-1.");
    await court.pass(40 * MINUTE);
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11"]);
    court.hosts[0]?.exit(NAME, 0);
    court.began("destroy", NAME);
    expect(court.invariants).toEqual(["I11"]);
  });

  test("one that two whole lists 30 s apart did not show", async () => {
    const court = await standby(named);
    court.list();
    await court.pass(20 * SECOND);
    court.list();
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11"]);
    await court.pass(10 * SECOND);
    court.list();
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11"]);
    court.list([NAME]);
    court.ask({ kind: "remove", runnerId: 1 });
    expect(court.invariants).toEqual(["I11", "I11"]);
  });

  test("nothing of another daemon", async () => {
    const court = await standby(named);
    await court.pass(10 * MINUTE);
    court.refused(named, 1);
    court.hosts[1]?.make({
      name: "set-a-2",
      labels: { schema: 1, identity: "id of set-a", owner: "daemon-1", spec: "s" },
    });
    court.began("destroy", "set-a-2", 1);
    expect(court.invariants).toEqual(["I11"]);
  });
});
