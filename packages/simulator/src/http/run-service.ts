import { z } from "zod";
import { admit } from "../gate/authorization.js";
import { uuid } from "../service/context.js";
import { Refusal } from "../service/refusal.js";
import { completeJob, renewJob, startJob } from "../service/runs.js";
import type { JobResult, JobRow } from "../service/state.js";
import type { TokenKind } from "../service/tokens.js";
import { paths } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { jobMessage } from "./job-message.js";
import { runnerOf } from "./runner-api.js";
import { anyCase } from "./runner-bodies.js";

const acquireSchema = anyCase(z.object({ jobMessageId: z.string() }));
const idsSchema = z.object({ planId: z.string(), jobId: z.string() });
const renewSchema = anyCase(idsSchema);
/** In lower case: a runner that fails before its first step writes `Failed`. */
const conclusions: Readonly<Record<string, JobResult>> = {
  succeeded: "succeeded",
  succeededwithissues: "succeeded",
  skipped: "succeeded",
  failed: "failed",
  abandoned: "failed",
  canceled: "canceled",
};
const completeSchema = anyCase(
  idsSchema.extend({
    conclusion: z.string().transform((value, context) => {
      const result = conclusions[value.toLowerCase()];
      if (result === undefined) context.addIssue({ code: "custom", message: `${value} is no conclusion` });
      return result ?? "failed";
    }),
  }),
);

/** The run service: a runner takes its job, renews its hold on it, and says how it ended. */
export function runServiceRoutes(desk: Desk): Route[] {
  const { service, clock } = desk;

  /** The job that the token, the body and the plan all name. */
  function jobOf(exchange: Exchange, body: z.infer<typeof idsSchema>, kinds: readonly TokenKind[]): JobRow {
    service.advance();
    const token = admit(service.tokens, exchange.headers, { kinds, nowMs: clock.now() });
    const job = service.state.jobsByJobId.get(body.jobId);
    const named = token.kind === "job" ? job?.jobId : job?.runner?.clientId;
    if (job === undefined || token.subject !== named || job.planId !== body.planId || job.state !== "running") {
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
          // Runners of the old API crash over a results endpoint that has no WebSocket for live lines beside it.
          const results = runner.session?.legacy !== true;
          return Response.json(
            jobMessage({ job, set: runner.scaleSet, origin, jobToken, results, uuid: () => uuid(context) }),
          );
        });
      },
    },
    {
      method: "POST",
      path: `${paths.run}renewjob`,
      call: "runner-renew-job",
      handle: async (exchange) => {
        // Both known runners renew with the job's token, and an older one with its own.
        const job = jobOf(exchange, await exchange.json(renewSchema), ["job", "runner"]);
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
        const job = jobOf(exchange, body, ["job"]);
        service.step((context) => completeJob(context, job, body.conclusion));
        return Response.json({});
      },
    },
  ];
}
