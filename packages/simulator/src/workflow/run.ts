import type { JobInput } from "../control/job-input.js";
import type { JobView } from "../control/views.js";
import type { Journal } from "../journal/journal.js";
import type { WorkflowJob } from "./read-workflow.js";

/** A workflow whose jobs were queued, or wait for those they need. */
export interface WorkflowView {
  readonly workflowRunId: string;
  /** Jobs queued so far, by their key in the file. */
  readonly jobs: Readonly<Record<string, number>>;
  /** Keys of the jobs that wait for others. */
  readonly waiting: readonly string[];
  /** Keys of the jobs that will not run, since one they need did not succeed. */
  readonly skipped: readonly string[];
}

interface Ports {
  readonly journal: Journal;
  readonly queue: (job: JobInput, workflowRunId: string | undefined) => JobView;
  readonly job: (id: number) => JobView | undefined;
}

/** Queues the jobs of a workflow, each as soon as those that it needs have succeeded. */
export class WorkflowRun {
  readonly #ports: Ports;
  readonly #repository: string | undefined;
  readonly #waiting: Map<string, WorkflowJob>;
  readonly #queued = new Map<string, number>();
  readonly #results = new Map<string, string>();
  readonly #skipped: string[] = [];
  readonly #unsubscribe: () => void;
  #workflowRunId = "";

  constructor(
    ports: Ports,
    jobs: readonly WorkflowJob[],
    { repository }: { readonly repository?: string | undefined },
  ) {
    this.#ports = ports;
    this.#repository = repository;
    this.#waiting = new Map(jobs.map((job) => [job.key, job]));
    this.#unsubscribe = ports.journal.subscribe(({ subject, event, job }) => {
      if (subject !== "job" || event !== "completed") return;
      const key = [...this.#queued].find(([, id]) => id === job)?.[0];
      if (key === undefined) return;
      this.#results.set(key, ports.job(job ?? 0)?.result ?? "failed");
      // After the step that ended the job: a rule must not start another within it.
      queueMicrotask(() => this.#goOn());
    });
    this.#goOn();
  }

  view(): WorkflowView {
    return {
      workflowRunId: this.#workflowRunId,
      jobs: Object.fromEntries(this.#queued),
      waiting: [...this.#waiting.keys()],
      skipped: [...this.#skipped],
    };
  }

  #goOn(): void {
    for (const [key, job] of this.#waiting) {
      const results = job.needs.map((need) => (this.#skipped.includes(need) ? "skipped" : this.#results.get(need)));
      if (results.some((result) => result !== undefined && result !== "succeeded")) {
        this.#waiting.delete(key);
        this.#skipped.push(key);
      } else if (results.every((result) => result === "succeeded")) {
        this.#waiting.delete(key);
        const { name, runsOn, steps } = job;
        const input = { displayName: name, runsOn, steps, repository: this.#repository };
        const queued = this.#ports.queue(input, this.#workflowRunId || undefined);
        this.#workflowRunId ||= queued.workflowRunId;
        this.#queued.set(key, queued.id);
      }
    }
    if (this.#waiting.size === 0) this.#unsubscribe();
  }
}
