import type { Clock } from "../time/clock.js";
import { objectIn, type RunnerFetch } from "./connection.js";
import type { JobRequest } from "./job-request.js";

/** How long all of it may take. @unit milliseconds */
const patienceMs = 30_000;
/** Of each step, the newest part. */
const charactersKept = 65_536;

/** Keeps what the steps of a job print, and sends it where the job says; nobody minds if it doesn't arrive. */
export class StepLogs {
  readonly #texts = new Map<string, string>();
  readonly #fetch: RunnerFetch;
  readonly #clock: Clock;

  constructor(options: { readonly fetch: RunnerFetch; readonly clock: Clock }) {
    this.#fetch = options.fetch;
    this.#clock = options.clock;
  }

  add(stepId: string, text: string): void {
    this.#texts.set(stepId, `${this.#texts.get(stepId) ?? ""}${text}`.slice(-charactersKept));
  }

  async send(job: JobRequest, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const endpoint = job.variables["system.github.results_endpoint"];
    if (!endpoint) return;
    using deadline = this.#clock.deadline(patienceMs, { signal });
    try {
      for (const [stepId, text] of this.#texts)
        await this.#sendStep(job, { endpoint, stepId, text, signal: deadline.signal });
    } catch {
      // A job's result does not hang on its log.
    }
  }

  async #sendStep(
    job: JobRequest,
    { endpoint, stepId, text, signal }: { endpoint: string; stepId: string; text: string; signal: AbortSignal },
  ): Promise<void> {
    const receiver = new URL("twirp/results.services.receiver.Receiver/", endpoint);
    const headers = { authorization: `Bearer ${job.token}`, "content-type": "application/json" };
    const ids = {
      workflow_run_backend_id: job.planId,
      workflow_job_run_backend_id: job.jobId,
      step_backend_id: stepId,
    };
    const post = (method: string): ReturnType<RunnerFetch> =>
      this.#fetch(new URL(method, receiver).href, { method: "POST", headers, body: JSON.stringify(ids), signal });
    const place = objectIn(await (await post("GetStepLogsSignedBlobURL")).text())["logs_url"];
    if (typeof place !== "string") return;
    const blob = { "x-ms-blob-type": "AppendBlob", "content-type": "text/plain" };
    await this.#fetch(place, { method: "PUT", headers: blob, body: "", signal });
    await this.#fetch(`${place}&comp=appendblock&seal=true`, { method: "PUT", headers: blob, body: text, signal });
    await post("CreateStepLogsMetadata");
  }
}
