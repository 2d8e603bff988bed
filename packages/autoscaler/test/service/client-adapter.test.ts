import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import {
  createSimulator,
  type Simulator,
  type SimulatorOptions,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import type { ServiceHandler, Trouble } from "../../src/ports/service.js";
import { ClientScaleSet } from "../../src/service/client-adapter.js";
import { RunnerGroups } from "../../src/service/runner-groups.js";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function stage(
  options: {
    latencyMs?: number;
    token?: string;
    recreate?: boolean;
    labels?: readonly string[];
    simulator?: SimulatorOptions;
    message?: ServiceHandler["message"];
  } = {},
) {
  const clock = new VirtualClock();
  const simulator = createSimulator({ clock, random: seededRandom(1), ...options.simulator });
  const random = seededRandom(2);
  const client = new ScaleSetClient({
    configUrl: simulator.configUrl(),
    credentials: personalAccessToken(options.token ?? simulator.token),
    fetch: async (url, init) => {
      if (options.latencyMs !== undefined) await clock.sleep(options.latencyMs);
      return await simulator.fetch(url, init);
    },
    clock,
    random,
    env: {},
  });
  const ofScaleSet = {
    client,
    groups: new RunnerGroups(client, clock),
    name: "linux",
    labels: options.labels ?? ["linux"],
    recreate: options.recreate,
    runnerGroup: "default",
    disableUpdate: false,
    workFolder: "_work",
    owner: "here",
    clock,
    random,
    logger: quiet,
  };
  const service = new ClientScaleSet(ofScaleSet);
  const heard: string[] = [];
  const opened: { readonly sessionId: string; readonly sentAt: number }[] = [];
  const sent: { readonly heldMs: number | undefined; readonly sentAt: number }[] = [];
  let trouble: Trouble | undefined;
  let drift: string | undefined;
  const handler: ServiceHandler = {
    opened: ({ scaleSetId, sessionId, sentAt }) => {
      heard.push(`opened ${scaleSetId}`);
      opened.push({ sessionId, sentAt });
    },
    ended: () => void heard.push("ended"),
    refused: (holder) => void heard.push(`refused by ${holder}`),
    pollBegan: () => void heard.push("poll"),
    answered: ({ heldMs, sentAt }) => {
      sent.push({ heldMs, sentAt });
      if (heldMs === undefined) return;
      heard.push("answered");
      queueMicrotask(() => heard.push("a turn passed"));
    },
    message: (told) => {
      heard.push(`message ${told.statistics?.assigned}`);
      options.message?.(told);
    },
    drifted: (words) => {
      drift = words;
    },
    trouble: (now) => {
      trouble = now;
    },
  };
  const stop = new AbortController();
  const listening = [service.listen(handler, { signal: stop.signal })];
  /** The trouble of one more process that holds the scale set's session under our name. */
  const begunAgain = (): (() => Trouble | undefined) => {
    let itsTrouble: Trouble | undefined;
    const again: ServiceHandler = {
      ...handler,
      trouble: (now) => {
        itsTrouble = now;
      },
    };
    listening.push(new ClientScaleSet(ofScaleSet).listen(again, { signal: stop.signal }));
    return () => itsTrouble;
  };
  onTestFinished(async () => {
    stop.abort();
    await clock.runUntilSettled(Promise.all(listening));
    await simulator.close();
  });
  return {
    clock,
    client,
    simulator,
    service,
    heard,
    opened,
    sent,
    trouble: () => trouble,
    begunAgain,
    drift: () => drift,
  };
}

function requests(simulator: Simulator): number {
  return simulator.journal.entries({ subject: "request" }).length;
}

test("a poll's answer is told in one breath with its message, so nothing is decided in between", async () => {
  const { clock, simulator, heard } = stage();
  await clock.runFor(10_000);
  simulator.queueJob({ runsOn: "linux" });
  await clock.runUntil(() => heard.includes("message 1"), { limitMs: 60_000 });
  expect(heard.slice(heard.indexOf("message 1") - 1, heard.indexOf("message 1"))).toEqual(["answered"]);
});

test("a message whose handling failed is a new one when it comes again", async () => {
  const told: boolean[] = [];
  const { clock, simulator } = stage({
    message: ({ redelivered }) => {
      told.push(redelivered);
      if (told.length === 1) throw new Error("it could not be taken in");
    },
  });
  await clock.runFor(10_000);
  simulator.queueJob({ runsOn: "linux" });
  await clock.runUntil(() => told.length === 2, { limitMs: 60_000 });
  expect(told).toEqual([false, false]);
});

test("statistics are read where refreshes bring none", async () => {
  const { clock, simulator, service } = stage({ simulator: { refreshStatistics: "empty" } });
  await clock.runFor(1_000);
  simulator.queueJob({ runsOn: "linux" });
  await clock.runFor(1_000);
  const { signal } = new AbortController();
  expect(await clock.runUntilSettled(service.readStatistics({ signal }))).toMatchObject({ assigned: 1 });
});

test("a poll without a message is told before the next one begins", async () => {
  const { clock, heard } = stage();
  await clock.runFor(55_000);
  expect(heard.filter((each) => each === "poll" || each === "answered")).toEqual(["poll", "answered", "poll"]);
});

test("a refused token is tried again with growing pauses, and the reason is there to be read", async () => {
  const { clock, simulator, trouble } = stage({ token: "wrong" });
  await clock.runFor(600_000);
  expect(trouble()).toMatchObject({ kind: "refused", message: expect.stringContaining("401") });
  expect(requests(simulator)).toBeGreaterThan(8);
  expect(requests(simulator)).toBeLessThan(40);
});

test("a scale set that went away is made anew, and only after it stayed away for a minute", async () => {
  const { clock, simulator, heard, trouble } = stage();
  await clock.runFor(10_000);
  const [first] = simulator.state().scaleSets;
  simulator.removeScaleSet(first?.id ?? 0);
  const removedAt = clock.monotonic();
  await clock.runUntil(() => trouble()?.kind === "scale-set-missing", { limitMs: 60_000 });
  await clock.runUntil(() => simulator.state().scaleSets.length === 1, { limitMs: 600_000 });
  expect(clock.monotonic() - removedAt).toBeGreaterThanOrEqual(60_000);
  await clock.runFor(30_000);
  const [second] = simulator.state().scaleSets;
  expect(heard.filter((each) => each.startsWith("opened"))).toEqual([`opened ${first?.id}`, `opened ${second?.id}`]);
});

test("a scale set that went away stays away where it must not be made anew, and that is said", async () => {
  const { clock, simulator, trouble } = stage({ recreate: false });
  await clock.runFor(10_000);
  simulator.removeScaleSet(simulator.state().scaleSets[0]?.id ?? 0);
  await clock.runFor(600_000);
  expect(simulator.state().scaleSets).toEqual([]);
  expect(trouble()?.kind).toBe("scale-set-gone");
});

test("a process that begins anew while its earlier session is open is told as that, and as nothing else", async () => {
  const { clock, begunAgain } = stage();
  await clock.runFor(10_000);
  const trouble = begunAgain();
  await clock.runFor(5_000);
  expect(trouble()?.kind).toBe("own-session");
});

test("labels that the service drops silently are said to be dropped (F18)", async () => {
  const { clock, drift } = stage({ labels: ["linux", "gpu"], simulator: { multiLabel: false } });
  await clock.runFor(10_000);
  expect(drift()).toContain('labels: asked for "gpu, linux"');
});

test("each answered call of the session comes with when it was sent, the opening too", async () => {
  const { clock, service, opened, sent } = stage({ latencyMs: 500 });
  await clock.runUntil(() => opened.length === 1, { limitMs: 10_000 });
  expect(opened[0]?.sentAt).toBe(clock.uptime() - 500);
  expect(opened[0]?.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  await clock.runUntil(() => sent.length === 1, { limitMs: 60_000 });
  expect(sent[0]).toEqual({ heldMs: expect.any(Number), sentAt: clock.uptime() - (sent[0]?.heldMs ?? 0) });
  expect(sent[0]?.heldMs).toBeGreaterThan(40_000);
  const renewed = service.renew({ signal: new AbortController().signal });
  await clock.runUntilSettled(renewed);
  expect(sent.at(-1)).toEqual({ heldMs: undefined, sentAt: clock.uptime() - 500 });
});

test("an answer of nothing, at once, is reported before the pause that follows it", async () => {
  const { clock, simulator, sent } = stage();
  await clock.runFor(10_000);
  simulator.faults.add({ call: "get-message", count: 8, effect: { kind: "answer", status: 202, body: "" } });
  await clock.runFor(120_000);
  const told = sent.map(({ sentAt }) => sentAt);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
});

test("a scale set that was deleted and made again by hand gets the labels that are configured", async () => {
  const { clock, client, simulator, heard, drift } = stage();
  await clock.runFor(10_000);
  simulator.removeScaleSet(simulator.state().scaleSets[0]?.id ?? 0);
  const byHand = client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1, labels: ["other"] });
  await clock.runUntilSettled(byHand);
  await clock.runUntil(() => heard.filter((each) => each.startsWith("opened")).length === 2, { limitMs: 300_000 });
  expect(simulator.state().scaleSets.map(({ labels }) => labels)).toEqual([["linux"]]);
  expect(drift()).toBeUndefined();
});

test("labels that a set found again does not take are drift, and stay so when it is found once more", async () => {
  const { clock, client, simulator, heard, drift } = stage({
    labels: ["linux", "gpu"],
    simulator: { multiLabel: false },
  });
  await clock.runFor(10_000);
  expect(drift()).toContain('labels: asked for "gpu, linux"');
  simulator.removeScaleSet(simulator.state().scaleSets[0]?.id ?? 0);
  await clock.runUntilSettled(client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1, labels: ["linux"] }));
  await clock.runUntil(() => heard.filter((each) => each.startsWith("opened")).length === 2, { limitMs: 300_000 });
  expect(drift()).toContain('labels: asked for "gpu, linux"');
});

test("a session of our own in the way ends standing by for another's", async () => {
  const { clock, begunAgain, heard } = stage();
  await clock.runFor(10_000);
  begunAgain();
  await clock.runFor(2_000);
  expect(heard.at(-1)).toBe("ended");
});

test("a look-up tells a registration that is there from one that is not, by id and by name", async () => {
  const { clock, service } = stage();
  await clock.runFor(1_000);
  const { signal } = new AbortController();
  const issued = await service.requestJitConfig("one", { signal });
  const runnerId = issued.outcome === "issued" ? issued.runnerId : undefined;
  expect(await service.lookUp({ name: "one", runnerId }, { signal })).toBe("present");
  expect(await service.lookUp({ name: "one", runnerId: undefined }, { signal })).toBe("present");
  expect(await service.lookUp({ name: "two", runnerId: undefined }, { signal })).toBe("absent");
  expect(await service.lookUp({ name: "two", runnerId: 4_711 }, { signal })).toBe("absent");
});

test("the statistics are there to be asked for", async () => {
  const { clock, simulator, service } = stage();
  await clock.runFor(1_000);
  simulator.queueJob({ runsOn: "linux" });
  await clock.runFor(1_000);
  const { signal } = new AbortController();
  expect(await service.readStatistics({ signal })).toMatchObject({ assigned: 1, registered: 0 });
});

test("a runner that nobody knows is absent, one that is idle is removed, by its name too", async () => {
  const { clock, simulator, service } = stage();
  await clock.runFor(1_000);
  const { signal } = new AbortController();
  expect(await service.deregister({ name: "nobody", runnerId: undefined }, { signal })).toBe("absent");
  expect(await service.deregister({ name: "nobody", runnerId: 4_711 }, { signal })).toBe("absent");
  expect(await service.requestJitConfig("one", { signal })).toMatchObject({ outcome: "issued" });
  expect(await service.deregister({ name: "one", runnerId: undefined }, { signal })).toBe("removed");
  expect(simulator.state().runners).toEqual([]);
});

test("a JIT request whose answer is lost is told as unanswered, one that is refused as refused", async () => {
  const { clock, simulator, service } = stage();
  await clock.runFor(1_000);
  const { signal } = new AbortController();
  expect(await service.requestJitConfig("taken", { signal })).toMatchObject({ outcome: "issued" });
  expect(await service.requestJitConfig("taken", { signal })).toMatchObject({ outcome: "refused" });
  simulator.faults.add({ call: "generate-jit-config", count: 1, effect: { kind: "lost-answer" } });
  const asked = service.requestJitConfig("lost", { signal });
  expect(await clock.runUntilSettled(asked)).toMatchObject({ outcome: "unanswered" });
  expect(simulator.state().runners.map(({ name }) => name)).toContain("lost");
});

test("scale sets that begin together ask for their runner group once; a failed question is asked again", async () => {
  const { clock, client, simulator } = stage();
  await clock.runFor(1_000);
  const before = requests(simulator);
  const groups = new RunnerGroups(client, clock);
  const call = (): { readonly signal: AbortSignal } => ({ signal: new AbortController().signal });
  const ids = Promise.all(Array.from({ length: 20 }, () => groups.idOf("default", call())));
  expect(new Set(await clock.runUntilSettled(ids))).toEqual(new Set([1]));
  expect(requests(simulator) - before).toBe(1);
  await expect(clock.runUntilSettled(groups.idOf("nobody's", call()))).rejects.toThrow();
  await expect(clock.runUntilSettled(groups.idOf("nobody's", call()))).rejects.toThrow();
  expect(requests(simulator) - before).toBe(3);
});
