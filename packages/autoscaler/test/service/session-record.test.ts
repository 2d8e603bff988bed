import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import { createSimulator, seededRandom, VirtualClock } from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import { ownSessionRecord } from "../../src/daemon/own-session-record.js";
import type { ServiceHandler } from "../../src/ports/service.js";
import type { SessionRecord, SessionRecords } from "../../src/ports/session-records.js";
import { ClientScaleSet } from "../../src/service/client-adapter.js";
import { RunnerGroups } from "../../src/service/runner-groups.js";

const IDENTITY = "a".repeat(64);

function memoryRecords(): SessionRecords & { readonly kept: Map<string, SessionRecord> } {
  const kept = new Map<string, SessionRecord>();
  return {
    kept,
    read: (identity) => kept.get(identity),
    write: (record) => void kept.set(record.identity, record),
    delete: (identity) => void kept.delete(identity),
  };
}

/** A scale set at a service whose sessions live for ten minutes after the last sign of life. */
async function stage() {
  const clock = new VirtualClock();
  const simulator = createSimulator({ clock, random: seededRandom(1), sessionTimeoutMs: 600_000 });
  const random = seededRandom(2);
  const client = new ScaleSetClient({
    configUrl: simulator.configUrl(),
    credentials: personalAccessToken(simulator.token),
    fetch: simulator.fetch,
    clock,
    random,
    env: {},
  });
  const { id: scaleSetId } = await client.ensureRunnerScaleSet({ name: "linux", runnerGroupId: 1, labels: ["linux"] });
  const records = memoryRecords();
  const warnings: string[] = [];
  const quiet = { debug() {}, info() {}, error() {} };
  const logger = { ...quiet, warn: (_: object, message: string) => void warnings.push(message) };
  const all: Promise<unknown>[] = [];
  const stops: AbortController[] = [];
  /** A process of this owner begins; `stop` ends it as it should. */
  const begin = (owner = "here") => {
    const heard: string[] = [];
    const service = new ClientScaleSet({
      client,
      groups: new RunnerGroups(client, clock),
      name: "linux",
      labels: ["linux"],
      runnerGroup: "default",
      disableUpdate: false,
      workFolder: "_work",
      owner,
      clock,
      random,
      logger,
      sessionRecord: ownSessionRecord({ records, identity: IDENTITY, configUrl: simulator.configUrl(), owner, logger }),
    });
    const handler: ServiceHandler = {
      opened: () => void heard.push("opened"),
      ended: () => {},
      refused: (holder) => void heard.push(`refused by ${holder}`),
      pollBegan: () => {},
      answered: () => {},
      message: () => {},
      drifted: () => {},
      trouble: () => {},
    };
    const stop = new AbortController();
    stops.push(stop);
    const listening = service.listen(handler, { signal: stop.signal });
    all.push(listening);
    return {
      heard,
      stop: async () => {
        stop.abort();
        await clock.runUntilSettled(listening);
      },
    };
  };
  /** What a killed process leaves: a session that nobody polls, and its record. */
  const killed = async (owner = "here"): Promise<string> => {
    const { sessionId } = await client.openMessageSession(scaleSetId, { owner });
    records.write({ identity: IDENTITY, configUrl: simulator.configUrl(), owner, scaleSetId, sessionId });
    return sessionId;
  };
  onTestFinished(async () => {
    for (const stop of stops) stop.abort();
    await clock.runUntilSettled(Promise.all(all));
    await simulator.close();
  });
  const session = () => simulator.state().scaleSets[0]?.session;
  const closings = (): number =>
    simulator.journal.entries({ subject: "session" }).filter(({ event }) => event === "closed").length;
  return { clock, simulator, scaleSetId, records, warnings, begin, killed, session, closings };
}

test("an open session is recorded before it is used, and forgotten when it is closed", async () => {
  const { clock, simulator, scaleSetId, records, begin, session } = await stage();
  const process = begin();
  await clock.runUntil(() => process.heard.includes("opened"), { limitMs: 1_000 });
  const { sessionId } = session() ?? {};
  const configUrl = simulator.configUrl();
  expect(records.kept.get(IDENTITY)).toEqual({ identity: IDENTITY, configUrl, owner: "here", scaleSetId, sessionId });
  await process.stop();
  expect(session()).toBeUndefined();
  expect(records.kept.size).toBe(0);
});

test("a session that could not be closed stays recorded: it may live on", async () => {
  const { clock, simulator, records, begin } = await stage();
  const process = begin();
  await clock.runUntil(() => process.heard.includes("opened"), { limitMs: 1_000 });
  simulator.faults.add({ call: "close-session", effect: { kind: "hang" } });
  await process.stop();
  expect(records.kept.size).toBe(1);
});

test("after a kill the next process closes its own session, and is open within a second", async () => {
  const { clock, begin, killed, session } = await stage();
  const old = await killed();
  const process = begin();
  await clock.runFor(1_000);
  expect(process.heard).toEqual(["opened"]);
  expect(session()?.sessionId).not.toBe(old);
});

test("a session of another owner is never closed, though an own record is there", async () => {
  const { clock, simulator, begin, killed, session, closings, scaleSetId } = await stage();
  const mine = await killed();
  simulator.leaveStaleSession(scaleSetId, { ownerName: "other", forMs: 300_000 });
  const process = begin();
  await clock.runFor(120_000);
  expect(process.heard).toContain("refused by other");
  expect(process.heard).not.toContain("opened");
  expect(session()).toMatchObject({ ownerName: "other" });
  expect(session()?.sessionId).not.toBe(mine);
  expect(closings()).toBe(0);
});

test.each([
  ["owner", { owner: "other" }],
  ["config URL", { configUrl: "https://github.com/other" }],
  ["scale set", { identity: "b".repeat(64) }],
])("a record of another %s is ignored with one line: nothing is closed", async (what, change) => {
  const { clock, records, begin, killed, session, closings, warnings } = await stage();
  const old = await killed();
  const [record] = records.kept.values();
  if (record === undefined) throw new Error("nothing was recorded");
  records.kept.set(IDENTITY, { ...record, ...change });
  begin();
  await clock.runFor(60_000);
  expect(session()?.sessionId).toBe(old);
  expect(closings()).toBe(0);
  expect(warnings.filter((line) => /record is ignored/.test(line))).toEqual([
    `the session record is ignored: it is of another ${what}`,
  ]);
});

test("a record of an earlier scale set of that name closes nothing", async () => {
  const { clock, records, begin, killed, session, closings } = await stage();
  const old = await killed();
  const [record] = records.kept.values();
  if (record === undefined) throw new Error("nothing was recorded");
  records.kept.set(IDENTITY, { ...record, scaleSetId: record.scaleSetId + 1 });
  begin();
  await clock.runFor(60_000);
  expect(session()?.sessionId).toBe(old);
  expect(closings()).toBe(0);
});

test("a record of a session that is gone is no obstacle", async () => {
  const { clock, records, begin, killed } = await stage();
  await killed();
  const [record] = records.kept.values();
  if (record === undefined) throw new Error("nothing was recorded");
  records.kept.set(IDENTITY, { ...record, sessionId: "00000000-1111-2222-3333-444444444444" });
  const process = begin();
  await clock.runFor(615_000);
  expect(process.heard).toContain("opened");
});
