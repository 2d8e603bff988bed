import { z } from "zod";
import { admit } from "../gate/authorization.js";
import { uuid } from "../service/context.js";
import { Refusal } from "../service/refusal.js";
import { completeJob, renewJob, startJob } from "../service/runs.js";
import type { JobResult, JobRow } from "../service/state.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { jobMessage } from "./job-message.js";
import { paths } from "./places.js";
import { runnerOf } from "./runner-door.js";

const acquireSchema = z.object({ jobMessageId: z.string() });
const renewSchema = z.object({ planId: z.string(), jobId: z.string() });
const conclusions: Readonly<Record<string, JobResult>> = {
  succeeded: "succeeded",
  succeededWithIssues: "succeeded",
  skipped: "succeeded",
  failed: "failed",
  abandoned: "failed",
  canceled: "canceled",
};
const completeSchema = renewSchema.extend({
  conclusion: z.string().transform((value, context) => {
    const result = conclusions[value];
    if (result === undefined) context.addIssue({ code: "custom", message: `${value} is no conclusion` });
    return result ?? "failed";
  }),
});

/** The run service: a runner takes its job, renews its hold on it, and says how it ended. */
export function runServiceRoutes(desk: Desk): Route[] {
  const { service, clock } = desk;

  /** The job that the job token, the body and the plan all name. */
  function jobOf(exchange: Exchange, body: z.infer<typeof renewSchema>): JobRow {
    service.advance();
    const token = admit(service.tokens, exchange.headers, { kinds: ["job"], nowMs: clock.now() });
    const job = service.state.jobsByJobId.get(body.jobId);
    if (job === undefined || token.subject !== job.jobId || job.planId !== body.planId || job.state !== "running") {
      throw new Refusal("JobNotFoundException", `There is no running job ${body.jobId}.`);
    }
    return job;
  }

  return [
    {
      method: "POST",
      path: `${paths.run}acquirejob`,
      call: "runner-acquire-job",
      handle: async (exchange) => {
        const runner = runnerOf(desk, exchange);
        const { jobMessageId } = await exchange.json(acquireSchema);
        return service.step((context) => {
          const job = startJob(context, runner, jobMessageId);
          const ttlMs = service.options.runnerTokenTtlMs;
          const jobToken = service.tokens.issue("job", { ttlMs, subject: job.jobId }).value;
          const { origin } = exchange.url;
          return Response.json(jobMessage({ job, set: runner.scaleSet, origin, jobToken, uuid: () => uuid(context) }));
        });
      },
    },
    {
      method: "POST",
      path: `${paths.run}renewjob`,
      call: "runner-renew-job",
      handle: async (exchange) => {
        const job = jobOf(exchange, await exchange.json(renewSchema));
        const lockedUntilMs = service.step((context) => renewJob(context, job));
        return Response.json({ lockedUntil: new Date(lockedUntilMs).toISOString() });
      },
    },
    {
      method: "POST",
      path: `${paths.run}completejob`,
      call: "runner-complete-job",
      handle: async (exchange) => {
        const body = await exchange.json(completeSchema);
        const job = jobOf(exchange, body);
        service.step((context) => completeJob(context, job, body.conclusion));
        return Response.json({});
      },
    },
  ];
}
