import { expect, test } from "vitest";
import { MINUTE, SECOND, Stage, statistics } from "./stage.js";

test("a runner whose end failed is not ended at its next job: the service knows it again, and a message names its job", () => {
  const stage = new Stage({ minRunners: 1, maxRunners: 3 });
  stage.open();
  stage.counts = statistics(0, 0, 1);
  stage.pass(3 * MINUTE);
  const [idle] = [...stage.fleet.roster.all()].map(({ name }) => name);
  if (idle === undefined) throw new Error("nothing was launched");
  // The agents API lies about it; where it runs has trouble too.
  let hides = true;
  let ends = 0;
  stage.answer = (command) => {
    if (command.name !== idle) return stage.truth(command);
    if (command.type === "look-up" && hides) return { type: "look-up.done", name: idle, answer: "absent" };
    if (command.type !== "destroy") return stage.truth(command);
    ends += 1;
    return { type: "destroy.failed", name: idle, message: "the engine does not answer" };
  };
  for (let seconds = 0; ends === 0 && seconds < 90 * 60; seconds++) stage.pass(SECOND);
  expect(ends).toBe(1);
  // The lie is over, and the runner gets a job before the end is tried again.
  hides = false;
  stage.counts = statistics(1, 1, 1);
  stage.tell({
    type: "message",
    redelivered: false,
    statistics: stage.counts,
    jobs: [{ kind: "started", jobId: "job", runnerName: idle }],
  });
  stage.pass(20 * MINUTE);
  expect(ends).toBe(1);
});

test("an end that fails is tried again only against a 404 that is fresh", () => {
  const stage = new Stage({ minRunners: 1, maxRunners: 3 });
  stage.open();
  stage.counts = statistics(0, 0, 1);
  stage.pass(3 * MINUTE);
  const [idle] = [...stage.fleet.roster.all()].map(({ name }) => name);
  if (idle === undefined) throw new Error("nothing was launched");
  let newest404 = Number.NEGATIVE_INFINITY;
  const ages: number[] = [];
  stage.answer = (command) => {
    if (command.name !== idle) return stage.truth(command);
    if (command.type === "look-up") {
      newest404 = stage.now;
      return { type: "look-up.done", name: idle, answer: "absent" };
    }
    if (command.type !== "destroy") return stage.truth(command);
    ages.push(stage.now - newest404);
    return { type: "destroy.failed", name: idle, message: "the engine does not answer" };
  };
  stage.pass(120 * MINUTE);
  // It is tried again and again, but never faster than it may be.
  expect(ages.length).toBeGreaterThan(3);
  expect(ages.length).toBeLessThan(100);
  expect(Math.max(...ages)).toBeLessThan(2 * MINUTE);
});

test.each(["retiring", "detached"] as const)(
  "a %s runner keeps the job that it got before its scale set went away: the new set counts no job of the old one",
  (phase) => {
    const stage = new Stage({ minRunners: 1, maxRunners: 3 });
    stage.open();
    stage.counts = statistics(0, 0, 1);
    stage.pass(3 * MINUTE);
    const [runner] = [...stage.fleet.roster.all()].map(({ name }) => name);
    if (runner === undefined) throw new Error("nothing was launched");
    // During the incident removals get no answer, or look-ups a 404.
    stage.answer = (command) => {
      if (command.name !== runner) return stage.truth(command);
      if (command.type === "deregister") return { type: "deregister.failed", name: runner, message: "503" };
      if (command.type === "look-up") return { type: "look-up.done", name: runner, answer: "absent" };
      return stage.truth(command);
    };
    if (phase === "retiring") stage.tell({ type: "limits.changed", minRunners: 0, maxRunners: 3 });
    for (let minutes = 0; stage.fleet.roster.get(runner)?.phase !== phase && minutes < 40; minutes++) {
      stage.pass(MINUTE);
    }
    expect(stage.fleet.roster.get(runner)?.phase).toBe(phase);
    // It has got a job by now, whose news is late; then the set is gone, and comes back under a new id.
    stage.counts = statistics(1, 1, 0);
    stage.tell({ type: "message", redelivered: false, statistics: stage.counts, jobs: [] });
    stage.pass(20 * SECOND);
    stage.tell({ type: "session.ended" });
    stage.answer = (command) => {
      if (command.name !== runner) return stage.truth(command);
      if (command.type === "deregister") return { type: "deregister.done", name: runner, answer: "absent" };
      if (command.type === "look-up") return { type: "look-up.done", name: runner, answer: "absent" };
      return stage.truth(command);
    };
    stage.counts = statistics(0, 0, 0);
    stage.open(2);
    stage.pass(3 * 60 * MINUTE);
    expect(stage.begun.filter((line) => line.endsWith(`destroy ${runner}`))).toEqual([]);
  },
);

test("an instance that can't be destroyed for hours causes no storm of removals", () => {
  const stage = new Stage({ minRunners: 1, maxRunners: 3 });
  stage.open();
  stage.counts = statistics(0, 0, 1);
  stage.pass(20 * SECOND);
  const [name] = [...stage.fleet.roster.all()].map((runner) => runner.name);
  if (name === undefined) throw new Error("nothing was launched");
  let held = true;
  stage.answer = (command) => {
    if (command.name !== name) return stage.truth(command);
    if (command.type === "deregister") return { type: "deregister.done", name, answer: "absent" };
    if (command.type === "destroy" && held) return { type: "destroy.failed", name, message: "device or resource busy" };
    return stage.truth(command);
  };
  stage.tell({
    type: "instance.changed",
    instance: {
      name,
      state: "exited",
      own: true,
      foreignSchema: false,
      spec: "spec",
      ageMs: 0,
      exitCode: 1,
      exitReason: undefined,
    },
  });
  const removals = (): number => stage.begun.filter((line) => line.endsWith(`deregister ${name}`)).length;
  stage.pass(3 * 60 * MINUTE);
  expect(removals()).toBe(2);
  // Its registration is asked for once more, an hour after it is gone.
  held = false;
  stage.pass(70 * MINUTE);
  expect(removals()).toBe(3);
});

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
