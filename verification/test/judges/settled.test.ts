import { describe, expect, test } from "vitest";
import { mayPass } from "../../src/worlds/watch/settled.js";
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
