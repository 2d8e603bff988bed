import fc from "fast-check";
import { expect, test } from "vitest";
import type { RunnerCommand } from "../../src/core/commands.js";
import { announcedCapacity, demandOf } from "../../src/core/demand.js";
import type { Phase } from "../../src/core/model.js";
import { holds } from "../../src/core/rights.js";
import { Driver, noJobs, seen } from "./driver.js";

/** New ones each time; a failing run prints its seed, and `fc.assert(…, { seed })` plays it again. */
const seed = Math.floor(Date.now() % 1_000_000);

/** What may happen, in any order, also what makes no sense: late answers, strangers, contradictions. */
const step = fc.oneof(
  fc.record({ do: fc.constant("pass" as const), ms: fc.nat(200_000) }),
  fc.record({ do: fc.constant("silence" as const), ms: fc.nat(100_000) }),
  fc.record({ do: fc.constant("answer" as const), which: fc.nat(30), how: fc.nat(4) }),
  fc.record({ do: fc.constant("exit" as const), which: fc.nat(30), code: fc.constantFrom(0, 1, 7) }),
  fc.record({ do: fc.constant("job" as const), which: fc.nat(30), kind: fc.nat(2), job: fc.nat(9) }),
  fc.record({ do: fc.constant("reading" as const), assigned: fc.nat(12), running: fc.nat(12), registered: fc.nat(12) }),
  fc.record({ do: fc.constant("list" as const), hide: fc.nat(3), strangers: fc.nat(2), state: fc.nat(2) }),
  fc.record({ do: fc.constant("session" as const), how: fc.nat(3), id: fc.nat(1) }),
  fc.record({ do: fc.constant("limits" as const), min: fc.nat(3), max: fc.nat(8) }),
  fc.record({ do: fc.constant("spec" as const), spec: fc.nat(2), place: fc.nat(1) }),
  fc.record({ do: fc.constant("share" as const), share: fc.nat(9) }),
  fc.record({ do: fc.constant("retry" as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

test(`whatever happens, in any order: no place too many, nothing asked twice, nothing forgotten (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.boolean(), (steps, host) => {
      const driver = new Driver({ max: 6 }, {}, { scope: host ? "host" : "shared" }).hold({ assigned: 3 });
      const open: RunnerCommand[] = [];
      for (const each of steps) {
        play(driver, each, open);
        expectSense(driver);
        open.push(...driver.act());
      }
    }),
    { seed, numRuns: 300 },
  );
});

/** What every decision must be like, whatever came before. */
function expectSense(driver: Driver): void {
  const { fleet, now } = driver;
  const { commands, wakeAt } = driver.look();
  expect(wakeAt).toBeGreaterThan(now);
  const names = commands.flatMap(({ command }) => ("name" in command ? [command.name] : []));
  expect(new Set(names).size, "one command a runner").toBe(names.length);
  for (const { command, rule, reason } of commands) {
    expect(rule).not.toBe("");
    expect(reason).not.toBe("");
    if (command.type === "launch") {
      expect(holds(fleet, now)).toBe(true);
      expect(fleet.occupying + command.count).toBeLessThanOrEqual(fleet.limits.maxRunners);
    }
    if (command.type === "destroy") {
      const runner = fleet.roster.get(command.name);
      expect(runner?.mayBeRegistered === false || runner?.phase === "created", `${reason}`).toBe(true);
      expect(runner?.phase === "started" || runner?.phase === "retiring" || runner?.phase === "finishing").toBe(false);
    }
    if (command.type === "deregister") {
      const runner = fleet.roster.get(command.name);
      expect(runner?.phase === "started" && runner.belief.kind === "job" && runner.orphanedAt === undefined).toBe(
        false,
      );
    }
    if ("name" in command) expect(fleet.roster.get(command.name)?.pending).toBeUndefined();
  }
  const counts = new Map<Phase, number>();
  for (const { phase } of fleet.roster.all()) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  for (const [phase, count] of counts) expect(fleet.roster.count(phase)).toBe(count);
  expect(announcedCapacity(fleet)).toBeGreaterThanOrEqual(1);
  expect(demandOf(fleet, now).missing).toBeGreaterThanOrEqual(0);
}

function play(driver: Driver, each: Step, open: RunnerCommand[]): void {
  const names = [...driver.fleet.roster.all()].map(({ name }) => name);
  const nameOf = (which: number): string => names[which % Math.max(1, names.length)] ?? "stranger";
  switch (each.do) {
    case "pass":
      driver.pass(each.ms);
      break;
    case "silence":
      driver.now += each.ms;
      driver.tell({ type: "woke" });
      break;
    case "answer": {
      const [command] = open.splice(each.which % Math.max(1, open.length), 1);
      if (command !== undefined) answer(driver, command, each.how);
      break;
    }
    case "exit":
      driver.tell({
        type: "instance.changed",
        instance: seen(nameOf(each.which), "exited", { exitCode: each.code }),
      });
      break;
    case "job":
      driver.job(
        (["assigned", "started", "completed"] as const)[each.kind] ?? "assigned",
        nameOf(each.which),
        `job-${each.job}`,
      );
      break;
    case "reading": {
      const { assigned, running, registered } = each;
      driver.reading({ assigned, running, registered, idle: Math.max(0, registered - running) });
      break;
    }
    case "list": {
      const state = (["created", "started", "exited"] as const)[each.state] ?? "started";
      const listed = names.slice(each.hide).map((name) => seen(name, "started"));
      const strangers = Array.from({ length: each.strangers }, (_, index) =>
        seen(`stranger-${driver.now}-${index}`, state, { own: index % 2 === 0, spec: `spec-${index}` }),
      );
      driver.inventory([...listed, ...strangers]);
      break;
    }
    case "session":
      if (each.how === 0) driver.tell({ type: "session.ended" });
      else if (each.how === 1) driver.tell({ type: "session.refused", holder: "other" });
      else driver.tell({ type: "session.opened", scaleSetId: 1 + each.id, statistics: noJobs });
      break;
    case "limits":
      driver.tell({ type: "limits.changed", minRunners: Math.min(each.min, each.max), maxRunners: each.max });
      break;
    case "spec": {
      const traits = { ...driver.fleet.traits, spec: `spec-${each.spec}`, place: each.place === 0 ? "here" : "there" };
      driver.tell({ type: "traits.changed", traits });
      break;
    }
    case "share":
      driver.tell({ type: "share.changed", share: each.share === 9 ? undefined : each.share });
      break;
    case "retry":
      driver.tell({ type: "launches.retry" });
  }
}

function answer(driver: Driver, { type, name }: RunnerCommand, how: number): void {
  const message = "no";
  switch (type) {
    case "create":
      if (how < 2) driver.tell({ type: "create.done", name });
      else {
        const kind = (["capacity", "transient", "rejected"] as const)[how - 2] ?? "transient";
        driver.tell({ type: "create.failed", name, kind, message });
      }
      break;
    case "request-jit":
      if (how < 3) driver.tell({ type: "jit.done", name, runnerId: 1 });
      else driver.tell({ type: "jit.failed", name, answered: how === 3, message });
      break;
    case "start":
      if (how < 3) driver.tell({ type: "start.done", name });
      else driver.tell({ type: "start.failed", name, kind: how === 3 ? "gone" : "transient", message });
      break;
    case "look-up":
      if (how < 3) driver.tell({ type: "look-up.done", name, answer: how === 0 ? "present" : "absent" });
      else driver.tell({ type: "look-up.failed", name, message });
      break;
    case "deregister":
      if (how === 4) driver.tell({ type: "deregister.failed", name, message });
      else
        driver.tell({
          type: "deregister.done",
          name,
          answer: (["removed", "busy", "absent", "absent"] as const)[how] ?? "absent",
        });
      break;
    case "destroy":
      if (how < 4) driver.tell({ type: "destroy.done", name });
      else driver.tell({ type: "command.dropped", name, command: type, why: "rights" });
      break;
  }
}
