import { expect, test } from "vitest";
import { launches } from "../../src/worlds/watch/launches.js";
import { processes } from "../../src/worlds/watch/processes.js";
import { Court } from "./court.js";

test("I10: a JIT config in a log line is found", () => {
  const court = new Court(processes);
  const [daemon] = court.daemons;
  if (daemon === undefined) throw new Error("there is no daemon");
  processes(court.scene).logged?.(daemon, "info", "started", { runner: "set-a-1" });
  expect(court.invariants).toEqual([]);
  processes(court.scene).logged?.(daemon, "info", "started", { jitConfig: "e".repeat(300) });
  expect(court.invariants).toEqual(["I10"]);
});

test("I4 and F15: the instance comes first, each name is made and asked for once", () => {
  const court = new Court(launches);
  court.ask({ kind: "jit", scaleSetId: 1, runnerName: "set-a-1" });
  expect(court.invariants).toEqual(["I4"]);
  court.launch("set-a-2");
  expect(court.invariants).toEqual(["I4"]);
  court.ask({ kind: "jit", scaleSetId: 1, runnerName: "set-a-2" });
  court.began("create", "set-a-2");
  expect(court.invariants).toEqual(["I4", "F15", "I4"]);
});
