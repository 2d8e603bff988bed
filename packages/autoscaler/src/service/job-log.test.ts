import type { JobDetails, JobMessage } from "@scaleset/client";
import { expect, test } from "vitest";
import { logJobs } from "./job-log.js";

const details: JobDetails = {
  runnerRequestId: "0",
  repositoryName: "widgets",
  ownerName: "acme",
  jobId: "job-1",
  jobWorkflowRef: "acme/widgets/.github/workflows/ci.yml@main",
  jobDisplayName: "build",
  workflowRunId: "7",
  eventName: "push",
  requestLabels: ["linux"],
  queueTime: undefined,
  scaleSetAssignTime: undefined,
  runnerAssignTime: undefined,
  finishTime: undefined,
};

function logged(...jobs: JobMessage[]): string[] {
  const lines: string[] = [];
  const info = (_: object, message: string): void => void lines.push(message);
  logJobs({ debug() {}, info, warn() {}, error() {} }, jobs);
  return lines;
}

test("a job can be followed in the log: who took it, and how it ended", () => {
  const runner = { runnerId: 3, runnerName: "linux-a" };
  expect(
    logged(
      { ...details, messageType: "JobAssigned" },
      { ...details, messageType: "JobStarted", ...runner },
      { ...details, messageType: "JobCompleted", ...runner, result: "failed" },
      { ...details, messageType: "JobCompleted", runnerId: 0, runnerName: "", result: "canceled" },
    ),
  ).toEqual([
    "linux-a works on acme/widgets: build",
    "linux-a ended acme/widgets: build (failed)",
    "no runner took acme/widgets: build (canceled)",
  ]);
});

test("a job's name, which is anybody's text, makes no line of its own and does not fill the screen", () => {
  const jobDisplayName = `evil\n[00:00:00] ERROR: all is lost\u001b[31m${"x".repeat(1_000)}`;
  const [line = ""] = logged({
    ...details,
    jobDisplayName,
    messageType: "JobStarted",
    runnerId: 3,
    runnerName: "linux-a",
  });
  expect(line).not.toMatch(/\p{Cc}/u);
  expect(line.length).toBeLessThan(200);
});
