import { expect, test } from "vitest";
import { MINUTE, Stage, statistics } from "./adversary-fleet.js";

test("a stop during a trial accepts no job: the session that was open without polls is not polled", () => {
  const stage = new Stage({ minRunners: 0, maxRunners: 3 });
  stage.counts = statistics(1, 0, 0);
  stage.answer = (command) =>
    command.type === "create"
      ? { type: "create.failed", name: command.name, kind: "transient", message: "no image" }
      : stage.truth(command);
  stage.open();
  for (let minutes = 0; stage.fleet.aside.serving !== "aside" && minutes < 20; minutes++) stage.pass(MINUTE);
  expect(stage.fleet.aside.serving).toBe("aside");
  stage.tell({ type: "session.ended" });
  // Its trial is under way when the daemon is stopped.
  stage.answer = (command) => (command.type === "create" ? undefined : stage.truth(command));
  for (let seconds = 0; stage.fleet.aside.serving !== "unpolled" && seconds < 30 * 60; seconds++) stage.pass(1_000);
  stage.open();
  stage.pass(5_000);
  expect(stage.fleet.roster.count("creating")).toBe(1);
  stage.tell({ type: "stopping" });
  expect(stage.fleet.aside.serving).not.toBe("polling");
});
