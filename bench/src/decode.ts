import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import type { Figure } from "./figures.js";

const JOBS = 50;
const BYTES = 1024 * 1024;

/** A message of 1 MiB with 50 jobs, received and checked, against the same text parsed by two `JSON.parse`. */
export async function benchDecode({
  rounds,
  times,
}: {
  readonly rounds: number;
  readonly times: number;
}): Promise<Figure[]> {
  const text = message();
  const claims = Buffer.from(JSON.stringify({ exp: 4_102_444_800 })).toString("base64url");
  const answers = (url: string): Response => {
    if (url.includes("registration-token")) return Response.json({ token: "registration" }, { status: 201 });
    if (url.includes("runner-registration")) {
      return Response.json({ url: "https://actions.test/", token: `e30.${claims}.x` });
    }
    return Response.json({
      sessionId: "00000000-0000-4000-8000-000000000001",
      messageQueueUrl: "https://actions.test/queue",
      messageQueueAccessToken: "queue-token",
      statistics: { totalAssignedJobs: 0 },
    });
  };
  const received = (): Response => new Response(text);
  await using client = new ScaleSetClient({
    configUrl: "https://github.com/bench",
    credentials: personalAccessToken("token"),
    maxRequestsPerSecond: 1e9,
    env: {},
    fetch: async (url) => (url.includes("/queue") ? received() : answers(url)),
  });
  const session = await client.openMessageSession(1, { owner: "bench" });
  const ours = async (): Promise<void> => {
    const read = await session.getMessage({ maxCapacity: 50 });
    if (read?.jobs.length !== JOBS) throw new Error("jobs are missing");
  };
  const bare = async (): Promise<void> => {
    const outer: { body: string } = JSON.parse(await received().text());
    const jobs: unknown[] = JSON.parse(outer.body);
    if (jobs.length !== JOBS) throw new Error("jobs are missing");
  };
  const measured: Record<"ours" | "bare", number[]> = { ours: [], bare: [] };
  await measure(bare, times);
  await measure(ours, times);
  for (let round = 0; round < rounds; round++) {
    measured.bare.push(await measure(bare, times));
    measured.ours.push(await measure(ours, times));
  }
  await session.close();
  return [{ name: "a message of 1 MiB and 50 jobs", unit: "ms", goal: 1.5, ...measured }];
}

async function measure(act: () => Promise<void>, times: number): Promise<number> {
  globalThis.gc?.();
  const startedAt = performance.now();
  for (let i = 0; i < times; i++) await act();
  return (performance.now() - startedAt) / times;
}

function message(): string {
  const time = "2026-01-02T03:04:05.678Z";
  const job = (index: number, labels: readonly string[]): object => ({
    messageType: "JobAssigned",
    runnerRequestId: 9_007_199_254_740_000 + index,
    repositoryName: "application",
    ownerName: "organisation",
    jobId: `3be12488-b18e-4bdf-888d-${String(index).padStart(12, "0")}`,
    jobWorkflowRef: "organisation/application/.github/workflows/ci.yml@refs/heads/main",
    jobDisplayName: `build (${index}, "ubuntu", linux\\x64)`,
    workflowRunId: 12_345_678_901 + index,
    eventName: "push",
    requestLabels: labels,
    queueTime: time,
    scaleSetAssignTime: time,
    runnerAssignTime: "0001-01-01T00:00:00Z",
    finishTime: "0001-01-01T00:00:00Z",
  });
  const jobs = (labels: readonly string[]): string => {
    const body = JSON.stringify(Array.from({ length: JOBS }, (_, index) => job(index, labels)));
    return JSON.stringify({
      messageId: 1,
      messageType: "RunnerScaleSetJobMessages",
      body,
      statistics: { totalAssignedJobs: 50 },
    });
  };
  const label = "a-label-of-a-self-hosted-runner";
  const each = jobs([label, label]).length - jobs([label]).length;
  return jobs(Array.from({ length: 1 + Math.floor((BYTES - jobs([label]).length) / each) }, () => label));
}
