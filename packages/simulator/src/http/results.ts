import { z } from "zod";
import { admit } from "../gate/authorization.js";
import type { JobLogs } from "../service/logs.js";
import { Refusal } from "../service/refusal.js";
import { randomHex } from "../time/random.js";
import { paths } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";

const jobSchema = z.object({ workflow_job_run_backend_id: z.string(), step_backend_id: z.string().nullish() });
const updateSchema = jobSchema.extend({
  steps: z
    .array(
      z.object({
        external_id: z.string(),
        number: z.int(),
        name: z.string(),
        status: z.union([z.string(), z.number()]).nullish(),
        conclusion: z.union([z.string(), z.number()]).nullish(),
      }),
    )
    .nullish(),
});

/** Conclusions as runners number them (runner-protocol.md §4). */
const conclusions: Readonly<Record<string, string>> = { 2: "succeeded", 3: "failed", 4: "canceled", 7: "skipped" };
/** Longest piece of a log that is taken at once. @unit bytes */
const longestPiece = 8 * 1024 * 1024;

const receiver = `${paths.results}twirp/results.services.receiver.Receiver/`;
const updates = `${paths.results}twirp/github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate`;
const blob = `${paths.results}blob/:place`;

/** Where runners send logs and step results. Nothing of it changes how a job ends: runners take any failure here lightly. */
export function resultsRoutes(desk: Desk, logs: JobLogs): Route[] {
  const { service, clock, random } = desk;
  const signatures = new Map<string, string>();

  /** The attempt that the token and the body both name. Its last pieces may come after it has ended. */
  function jobIdOf(exchange: Exchange, named: string): string {
    const token = admit(service.tokens, exchange.headers, { kinds: ["job"], nowMs: clock.now() });
    if (token.subject === named) return named;
    throw new Refusal("JobNotFoundException", `There is no job ${named} for this token.`);
  }

  function place(
    method: string,
    answer: (url: string) => Record<string, unknown>,
    kept: "step" | "job" | "none",
  ): Route {
    return {
      method: "POST",
      path: `${receiver}${method}`,
      call: "runner-results",
      handle: async (exchange) => {
        const body = await exchange.json(jobSchema);
        const jobId = jobIdOf(exchange, body.workflow_job_run_backend_id);
        const step = kept === "job" ? undefined : `${kept}/${body.step_backend_id ?? ""}`;
        // Summaries and diagnostics are taken, and kept nowhere.
        const name = kept === "none" ? "nowhere" : logs.open(jobId, step);
        const signature = randomHex(random, 16);
        signatures.set(signature, name);
        for (const oldest of signatures.keys()) {
          if (signatures.size <= 10_000) break;
          signatures.delete(oldest);
        }
        return Response.json(answer(`${exchange.url.origin}${paths.results}blob/${name}?sig=${signature}`));
      },
    };
  }

  const done = (method: string): Route => ({
    method: "POST",
    path: `${receiver}${method}`,
    call: "runner-results",
    handle: async (exchange) => {
      jobIdOf(exchange, (await exchange.json(jobSchema)).workflow_job_run_backend_id);
      return Response.json({ ok: true });
    },
  });
  const blob_storage_type = "BLOB_STORAGE_TYPE_AZURE";

  return [
    place(
      "GetStepLogsSignedBlobURL",
      (logs_url) => ({ logs_url, blob_storage_type, soft_size_limit: "1048576" }),
      "step",
    ),
    place("GetJobLogsSignedBlobURL", (logs_url) => ({ logs_url, blob_storage_type }), "job"),
    place(
      "GetStepSummarySignedBlobURL",
      (summary_url) => ({ summary_url, blob_storage_type, soft_size_limit: "1048576" }),
      "none",
    ),
    place("GetJobDiagLogsSignedBlobURL", (diag_logs_url) => ({ diag_logs_url, blob_storage_type }), "none"),
    done("CreateStepLogsMetadata"),
    done("CreateJobLogsMetadata"),
    done("CreateStepSummaryMetadata"),
    {
      method: "POST",
      path: updates,
      call: "runner-results",
      handle: async (exchange) => {
        const body = await exchange.json(updateSchema);
        const jobId = jobIdOf(exchange, body.workflow_job_run_backend_id);
        const steps = (body.steps ?? []).map(({ external_id: id, number, name, status, conclusion }) => ({
          id,
          number,
          name,
          status: String(status ?? ""),
          conclusion: conclusions[String(conclusion ?? "")] ?? "",
        }));
        logs.report(jobId, steps);
        return Response.json({ ok: true });
      },
    },
    {
      method: "PUT",
      path: blob,
      call: "runner-results",
      handle: async ({ request, url, headers, param }) => {
        const name = param("place");
        if (signatures.get(url.searchParams.get("sig") ?? "") !== name) {
          throw new Refusal("ForbiddenException", "The signature is not of this place.");
        }
        if (Number(headers.get("content-length") ?? 0) > longestPiece)
          throw new Refusal("ArgumentException", "The piece is too long.");
        const text = await request.text();
        if (name !== "nowhere" && !logs.append(name, text))
          throw new Refusal("NotFoundException", "The log is kept no more.");
        return new Response(null, { status: 201 });
      },
    },
  ];
}
