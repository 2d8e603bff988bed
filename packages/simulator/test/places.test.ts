import { runSimulatedRunner } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { jobMessages, RawClient, type RawSession, send, world } from "./raw-client.js";

/** Ids of the jobs that a set was given so far, by its poll. */
async function given(client: RawClient, session: RawSession, capacity = 10): Promise<string[]> {
  const stop = new AbortController();
  const poll = client.poll(session, { capacity, signal: stop.signal }).catch(() => undefined);
  await Promise.resolve();
  setImmediate(() => stop.abort(new Error("enough")));
  const answer = await poll;
  return answer?.status === 200 ? jobMessages(answer).map((job: { jobDisplayName: string }) => job.jobDisplayName) : [];
}

describe("who gets a job", () => {
  test("of sets with equal labels the oldest that has room; the next one when it is full", async () => {
    const { simulator, client } = await world();
    const sets = [];
    for (const name of ["first", "second"]) sets.push(await client.createSet(name, { labels: [{ name: "linux" }] }));
    const [first, second] = [await client.openSession(sets[0] ?? 0), await client.openSession(sets[1] ?? 0)];
    await Promise.all([given(client, second, 2), given(client, first, 2)]);
    simulator.queueJobs(["a", "b", "c"].map((displayName) => ({ runsOn: "linux", displayName })));
    expect(await given(client, first)).toEqual(["a", "b"]);
    expect(await given(client, second)).toEqual(["c"]);
  });

  test("a set may have more labels than the job asks for, never fewer; case does not matter", async () => {
    const { simulator, client } = await world();
    const labels = [{ name: "Linux" }, { name: "gpu" }, { name: "large" }];
    const session = await client.openSession(await client.createSet("big", { labels }));
    for (const runsOn of [["GPU"], ["linux", "LARGE"], ["linux", "arm"], ["linux", "gpu", "large", "ssd"]])
      simulator.queueJob({ runsOn, displayName: runsOn.join("+") });
    expect(await given(client, session)).toEqual(["GPU", "linux+LARGE"]);
    expect(simulator.state().jobs).toMatchObject({ queued: 2 });
  });

  test("an organisation, its repository and an enterprise each have their own sets, and jobs find theirs", async () => {
    const { simulator } = await world();
    const at: Record<string, { client: RawClient; session: RawSession }> = {};
    for (const path of ["acme", "acme/app", "globex", "enterprises/big"]) {
      const client = await RawClient.connect(simulator, { path });
      at[path] = { client, session: await client.openSession(await client.createSet("linux")) };
    }
    const names = simulator.state().scaleSets.map(({ scope, name }) => `${scope}: ${name}`);
    expect(names).toEqual(["acme: linux", "acme/app: linux", "globex: linux", "enterprises/big: linux"]);
    for (const repository of ["acme/app", "acme/other", "globex/app", "umbrella/app"])
      simulator.queueJob({ runsOn: "linux", repository, displayName: repository });
    const of = async (path: string) => {
      const { client, session } = at[path] ?? {};
      return client && session ? given(client, session) : [];
    };
    // The most special one first; what nobody else may run is the enterprise's.
    expect(await of("acme/app")).toEqual(["acme/app"]);
    expect(await of("acme")).toEqual(["acme/other"]);
    expect(await of("globex")).toEqual(["globex/app"]);
    expect(await of("enterprises/big")).toEqual(["umbrella/app"]);
  });

  test("a set in a runner group is for the repositories that the group is visible to", async () => {
    const { simulator, client } = await world();
    const groupId = simulator.addRunnerGroup("acme", "private", { repositories: ["acme/secret"] });
    const found = await client.call("GET", "_apis/runtime/runnergroups/?groupName=private");
    expect(found.body).toMatchObject({ count: 1, value: [{ id: groupId, name: "private", isDefaultGroup: false }] });
    const session = await client.openSession(await client.createSet("linux", { runnerGroupId: groupId }));
    simulator.queueJob({ runsOn: "linux", repository: "acme/open", displayName: "open" });
    simulator.queueJob({ runsOn: "linux", repository: "Acme/Secret", displayName: "secret" });
    expect(await given(client, session)).toEqual(["secret"]);
    expect((await client.sets("POST", "", { name: "x", runnerGroupId: 99 })).body.typeName).toContain(
      "RunnerGroupNotFound",
    );
  });

  test("capacity is the total a set will hold: jobs that run count against it", async () => {
    const { simulator, client, clock } = await world();
    const setId = await client.createSet();
    const session = await client.openSession(setId);
    simulator.queueJobs(
      Array.from({ length: 5 }, (_, index) => ({ runsOn: "linux", displayName: `n${index}`, durationMs: 3_600_000 })),
    );
    expect(await given(client, session, 2)).toHaveLength(2);
    const kill = new AbortController();
    for (const name of ["r-1", "r-2"])
      void runSimulatedRunner({
        jitConfig: await client.jit(setId, name),
        fetch: simulator.fetch,
        clock,
        kill: kill.signal,
      });
    await clock.runFor(30_000);
    await given(client, session, 2);
    expect(simulator.state().scaleSets[0]?.statistics).toMatchObject({ totalAssignedJobs: 2, totalRunningJobs: 2 });
    await given(client, session, 4);
    expect(simulator.state().scaleSets[0]?.statistics).toMatchObject({ totalAssignedJobs: 4, totalRunningJobs: 2 });
    kill.abort(new Error("over"));
  });
});

test("a job that ended is run once more under the same workflow run, and one that has not is refused", async () => {
  const { simulator, client, clock } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const job = simulator.queueJob({ runsOn: "linux", displayName: "flaky", result: "failed" });
  await given(client, session);
  expect(() => simulator.rerunJob(job.id)).toThrow(/has not ended: it is assigned/);
  expect(() => simulator.rerunJob(999)).toThrow(/there is no job 999/);
  await clock.runUntilSettled(
    runSimulatedRunner({ jitConfig: await client.jit(setId, "r-1"), fetch: simulator.fetch, clock }),
  );
  const again = simulator.rerunJob(job.id);
  expect(again).toMatchObject({ displayName: "flaky", workflowRunId: job.workflowRunId, attempt: 1 });
  expect([again.id, again.jobId]).not.toContain(job.id);
  expect(again.jobId).not.toBe(job.jobId);
});

describe("a 403 says what was missing", () => {
  const ask = async (options: Parameters<typeof world>[0], path: string) => {
    const { simulator } = await world({ ...options, tokenScopes: undefined });
    await simulator.close();
    const { createSimulator } = await import("@scaleset/simulator");
    const limited = createSimulator(options);
    const url = `https://github.example.test/api/v3/${path}/actions/runners/registration-token`;
    return send(limited.fetch, url, { method: "POST", token: limited.token });
  };

  test.each([
    ["orgs/acme", ["repo"], "admin:org"],
    ["repos/acme/app", ["admin:org"], "repo"],
    ["enterprises/big", ["repo"], "manage_runners:enterprise, admin:enterprise"],
  ])("of a classic token at %s: the scopes it has, and those that would do", async (path, tokenScopes, accepted) => {
    const { status, headers } = await ask({ tokenScopes }, path);
    expect(status).toBe(403);
    expect(headers.get("x-oauth-scopes")).toBe(tokenScopes.join(", "));
    expect(headers.get("x-accepted-oauth-scopes")).toBe(accepted);
  });

  test("a token with the scope is let in", async () => {
    expect((await ask({ tokenScopes: ["repo", "admin:org"] }, "orgs/acme")).status).toBe(201);
  });
});
