import { repositoryIn } from "../service/job-messages.js";
import type { JobRow, ScaleSetRow } from "../service/state.js";
import { paths } from "../wire/endpoints.js";

/** Names of the variables by which a job tells the in-process runner how long it takes and how it ends. */
const durationVariable = "simulator.durationMs";
const resultVariable = "simulator.result";

/** The smallest job message that every known runner understands (runner-protocol.md §3). */
export function jobMessage(options: {
  readonly job: JobRow;
  readonly set: ScaleSetRow;
  readonly origin: string;
  readonly jobToken: string;
  readonly uuid: () => string;
  /** Where it sends logs and results; without it a runner of the old flow sends them to the run service. */
  readonly results: boolean;
}): Record<string, unknown> {
  const { job, set, origin, jobToken } = options;
  const { spec } = job;
  const github: Record<string, string> = {
    repository: spec.repository ?? repositoryIn(set),
    workflow: "ci",
    job: "build",
    run_id: job.workflowRunId,
    event_name: "push",
    ref: "refs/heads/main",
    sha: "0".repeat(40),
    actor: "simulator",
    server_url: origin,
    api_url: `${origin}/api/v3`,
    graphql_url: `${origin}/api/graphql`,
  };
  return {
    messageType: "RunnerJobRequest",
    plan: {
      planId: job.planId,
      planType: "actions",
      version: 0,
      scopeIdentifier: "00000000-0000-0000-0000-000000000000",
    },
    timeline: { id: job.timelineId },
    jobId: job.jobId,
    jobDisplayName: spec.displayName,
    jobName: "build",
    requestId: 0,
    resources: {
      endpoints: [
        {
          name: "SystemVssConnection",
          url: `${origin}${paths.run}`,
          authorization: { scheme: "OAuth", parameters: { AccessToken: jobToken } },
        },
      ],
    },
    contextData: {
      github: {
        t: 2,
        d: [...Object.entries(github).map(([k, v]) => ({ k, v })), { k: "event", v: { t: 2 } }],
      },
    },
    variables: {
      ...(options.results ? { "system.github.results_endpoint": { value: `${origin}${paths.results}` } } : {}),
      [durationVariable]: { value: String(spec.durationMs) },
      [resultVariable]: { value: spec.result },
    },
    fileTable: [],
    steps: spec.steps.map((step, index) => ({
      type: "action",
      id: options.uuid(),
      name: `step_${index + 1}`,
      contextName: `step_${index + 1}`,
      displayNameToken: step.name,
      condition: "success()",
      reference: { type: "script" },
      inputs: { type: 2, map: [{ key: "script", value: step.script }] },
      ...(Object.keys(step.env).length === 0
        ? {}
        : { environment: { type: 2, map: Object.entries(step.env).map(([key, value]) => ({ key, value })) } }),
    })),
  };
}
