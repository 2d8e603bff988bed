import { createSimulator, type SimulatorOptions, VirtualClock } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { Listener, personalAccessToken, ScaleSetClient } from "../src/index.js";
import { seeded } from "./kit/seeded.js";

const profiles: readonly (readonly [string, SimulatorOptions])[] = [
  ["github.com: jobs are assigned", { urls: "hosted", assignment: "direct" }],
  ["GHES: jobs are acquired", { urls: "ghes", assignment: "acquire", largeIds: true, serviceUrlTrailingSlash: false }],
];

describe.each(profiles)("against the simulator, %s", (_, options) => {
  test("every call does what it says, over HTTP", async () => {
    await using simulator = createSimulator({ ...options, urls: "ghes" });
    await using _listening = await simulator.listen();
    const credentials = personalAccessToken(simulator.token);
    await using client = new ScaleSetClient({ configUrl: simulator.configUrl(), credentials, env: {} });
    const group = await client.getRunnerGroupByName("default");
    expect(group).toMatchObject({ id: 1, isDefaultGroup: true });
    const wanted = { name: "linux & more", runnerGroupId: group.id, labels: ["linux", "x64"], disableUpdate: true };
    const made = await client.ensureRunnerScaleSet(wanted);
    expect(made).toMatchObject({ outcome: "created", drift: [] });
    expect(await client.ensureRunnerScaleSet(wanted)).toMatchObject({ outcome: "found", id: made.id });
    expect(await client.ensureRunnerScaleSet({ ...wanted, labels: ["linux"] })).toMatchObject({ outcome: "updated" });
    expect((await client.getRunnerScaleSet(1, "linux & more"))?.id).toBe(made.id);
    expect((await client.listRunnerScaleSets(1)).map(({ id }) => id)).toEqual([made.id]);

    const { runner, encodedJitConfig } = await client.generateJitRunnerConfig(made.id, { name: "r-1" });
    expect(Object.keys(JSON.parse(Buffer.from(encodedJitConfig.reveal(), "base64").toString()))).toContain(".runner");
    await expect(client.generateJitRunnerConfig(made.id, { name: "r-1" })).rejects.toMatchObject({
      code: "RUNNER_EXISTS",
    });
    expect(await client.getRunner(runner.id)).toMatchObject({ name: "r-1" });
    expect(await client.getRunnerByName("r-1")).toMatchObject({ id: runner.id });
    expect(await client.listRunners()).toHaveLength(1);
    await client.removeRunner(runner.id);
    await expect(client.getRunner(runner.id)).rejects.toMatchObject({ code: "RUNNER_NOT_FOUND" });
    expect((await client.listRunnerDownloads()).length).toBeGreaterThan(0);

    const session = await client.openMessageSession(made.id, { owner: "host-1" });
    const second = client.openMessageSession(made.id, { owner: "host-2" });
    await expect(second).rejects.toMatchObject({ code: "SESSION_CONFLICT" });
    simulator.queueJob({ scaleSet: "linux & more" });
    const message = await session.getMessage({ maxCapacity: 3 });
    const [job] = message?.jobs ?? [];
    if (job?.messageType === "JobAvailable") {
      expect(await client.listAcquirableJobs(made.id)).toMatchObject([{ runnerRequestId: job.runnerRequestId }]);
      expect(await session.acquireJobs([job.runnerRequestId])).toEqual([job.runnerRequestId]);
    } else expect(job?.messageType).toBe("JobAssigned");
    await session.refresh();
    await session.acknowledge(message?.messageId ?? 0);
    await session.close();
    await client.deleteRunnerScaleSet(made.id);
    await expect(client.getRunnerScaleSetById(made.id)).rejects.toMatchObject({ code: "SCALE_SET_NOT_FOUND" });
  });

  test("a listener gets a day's jobs through lost sessions, sets and tokens, under virtual time", async () => {
    const clock = new VirtualClock();
    const random = seeded(3);
    const simulator = createSimulator({ ...options, clock, random });
    const client = new ScaleSetClient({
      configUrl: simulator.configUrl(),
      credentials: personalAccessToken(simulator.token),
      fetch: (url, init) => simulator.fetch(url, init),
      clock,
      random,
      env: {},
    });
    const seen = new Set<string>();
    const stopping = new AbortController();
    const day = async (): Promise<void> => {
      const set = await client.ensureRunnerScaleSet({ name: "linux", runnerGroupId: 1 });
      const listener = new Listener({
        client,
        scaleSet: { name: "linux", runnerGroupId: 1, id: set.id },
        owner: "host-1",
        maxCapacity: 50,
        resolveScaleSet: async ({ signal }) =>
          (await client.ensureRunnerScaleSet({ name: "linux", runnerGroupId: 1 }, { signal })).id,
        handler: { onJobAssigned: ({ jobDisplayName }) => void seen.add(jobDisplayName) },
      });
      let id = set.id;
      const run = listener.run({ signal: stopping.signal });
      for (let n = 1; n <= 48; n++) {
        await clock.sleep(30 * 60_000);
        id = (await client.getRunnerScaleSet(1, "linux"))?.id ?? id;
        if (n % 5 === 0) simulator.expireSession(id);
        if (n % 7 === 0) simulator.revokeTokens("admin");
        if (n % 11 === 0) simulator.revokeTokens("queue");
        if (n === 40) simulator.removeScaleSet(id);
        await clock.sleep(60_000);
        simulator.queueJob({ scaleSet: "linux", displayName: `job ${n}` });
      }
      await clock.sleep(10 * 60_000);
      stopping.abort();
      await run;
    };
    let outcome: unknown = "running";
    const ended = (how: unknown): void => {
      outcome = how;
    };
    day().then(() => ended("done"), ended);
    await clock.runUntil(() => outcome !== "running");
    expect(outcome).toBe("done");
    expect([...seen].filter((name) => /^job \d+$/.test(name))).toHaveLength(48);
  });
});
