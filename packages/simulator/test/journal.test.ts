import { type JournalEntry, runSimulatedRunner } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { Journal } from "../src/journal/journal.js";
import { world } from "./raw-client.js";

test("the life of a job is its own transitions and those of its runner while it had it, with time and cause", async () => {
  const { simulator, client, clock } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const [job, other] = simulator.queueJobs([{ runsOn: "linux", durationMs: 5_000 }, { runsOn: "linux" }]);
  await client.poll(session);
  for (const name of ["r-1", "r-2"])
    void runSimulatedRunner({ jitConfig: await client.jit(setId, name), fetch: simulator.fetch, clock });
  await clock.runUntilSettled(simulator.settled());
  const life = simulator.journal.lifeOf(job?.id ?? 0);
  expect(life.filter(({ subject }) => subject === "job").map(({ event, cause }) => `${event}: ${cause}`)).toEqual([
    "queued: somebody asked",
    "assigned: the set announced room for it",
    "matched: the runner is idle",
    "started: the runner took it",
    "completed: succeeded: the runner said so",
  ]);
  const runners = new Set(life.flatMap(({ runnerName }) => runnerName ?? []));
  expect(runners.size).toBe(1);
  expect(life.map(({ job: id }) => id)).not.toContain(other?.id);
  expect(life.filter(({ subject }) => subject === "runner").map(({ event }) => event)).toEqual([
    "busy",
    "offline",
    "removed",
  ]);
  const times = life.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("entries are found by subject, call, scale set and runner, after a number and the newest so many", async () => {
  const { simulator, client } = await world();
  const sets = [await client.createSet("a"), await client.createSet("b")];
  await client.jit(sets[1] ?? 0, "r-1");
  const { journal } = simulator;
  expect(journal.entries({ subject: "scale-set" }).map(({ scaleSetId }) => scaleSetId)).toEqual(sets);
  expect(journal.entries({ call: "create-scale-set" })).toHaveLength(2);
  expect(journal.entries({ call: "create-scale-set", limit: 1 })).toMatchObject([{ subject: "request", status: 200 }]);
  expect(journal.entries({ runner: "r-1" }).map(({ event }) => event)).toEqual(["registered"]);
  expect(new Set(journal.entries({ scaleSetId: sets[1] }).map(({ scaleSetId }) => scaleSetId))).toEqual(
    new Set([sets[1]]),
  );
  expect(journal.entries({ after: journal.lastSeq - 1 })).toHaveLength(1);
});

test("it is a ring: the newest entries are kept, and the numbers go on", () => {
  const journal = new Journal({ now: () => 0, capacity: 3 });
  for (const event of ["a", "b", "c", "d", "e"]) journal.record({ subject: "service", event, cause: "" });
  expect(journal.entries().map(({ seq, event }) => `${seq}${event}`)).toEqual(["3c", "4d", "5e"]);
  expect(journal.lastSeq).toBe(5);
});

test("it is iterated as it grows; who is slower than the ring misses some, and sees by the numbers that it did", async () => {
  const journal = new Journal({ now: () => 0, capacity: 3 });
  const add = (...events: string[]) => {
    for (const event of events) journal.record({ subject: "service", event, cause: "" });
  };
  add("before");
  const seen: JournalEntry[] = [];
  const reading = (async () => {
    for await (const entry of journal) {
      seen.push(entry);
      if (entry.event === "last") break;
    }
  })();
  add("a", "b");
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.map(({ event }) => event)).toEqual(["a", "b"]);
  add("c", "d", "e", "f", "last");
  await reading;
  expect(seen.map(({ seq }) => seq)).toEqual([2, 3, 6, 7, 8]);
  const stop = new AbortController();
  const following = journal.follow({ signal: stop.signal }).next();
  stop.abort();
  expect(await following).toMatchObject({ done: true });
});
