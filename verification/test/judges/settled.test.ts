import { describe, expect, test } from "vitest";
import { isLeftToItself, leftOver, mayPass } from "../../src/worlds/watch/settled.js";
import { Court } from "./court.js";

const NAME = "set-a-1";

describe("a runner that never came online may stay", () => {
  function withOffline(): Court {
    const court = new Court(() => []);
    court.open();
    court.launch(NAME, { online: false });
    return court;
  }

  test("while every statistic was zero since its daemon began: they may be empty ones", () => {
    const court = withOffline();
    court.poll(4);
    court.refresh(0);
    expect(mayPass(court.scene, NAME)).toBe(true);
  });

  test("not once anything was counted, by a message or by a reading", () => {
    const told = withOffline();
    told.message([], { totalAssignedJobs: 1 });
    expect(mayPass(told.scene, NAME)).toBe(false);
    const asked = withOffline();
    asked.refresh(1);
    expect(mayPass(asked.scene, NAME)).toBe(false);
  });

  test("not where it exited, or has no instance", () => {
    const court = withOffline();
    court.hosts[0]?.exit(NAME, 0);
    expect(mayPass(court.scene, NAME)).toBe(false);
    expect(mayPass(court.scene, "set-a-2")).toBe(false);
  });
});

describe("a process that outlives its registration", () => {
  function withGhost({ absent = true } = {}): Court {
    const court = new Court(() => [], { daemons: ["daemon-1", "daemon-2"] });
    court.open();
    court.launch(NAME);
    if (absent) court.call({ kind: "look-up", runnerId: 1 }, 404);
    return court;
  }

  test("is left to itself where the one daemon that sees it lost the session to another", () => {
    const court = withGhost();
    court.refused("The runner scale set set-a already has an active session for owner daemon-2.");
    expect(isLeftToItself(court.scene, NAME)).toBe(true);
    leftOver(court.scene, new Set());
    expect(court.invariants).toEqual([]);
  });

  test("is leaked by a holder, and by one that was never answered 404 about it", () => {
    const held = withGhost();
    leftOver(held.scene, new Set());
    expect(held.invariants).toEqual(["leaked"]);
    const unasked = withGhost({ absent: false });
    unasked.refused("The runner scale set set-a already has an active session for owner daemon-2.");
    leftOver(unasked.scene, new Set());
    expect(unasked.invariants).toEqual(["leaked"]);
  });

  test("is no excuse once it exited", () => {
    const court = withGhost();
    court.refused("The runner scale set set-a already has an active session for owner daemon-2.");
    court.hosts[0]?.exit(NAME, 0);
    expect(isLeftToItself(court.scene, NAME)).toBe(false);
  });
});
