/** What a runner said of one step. */
export interface StepResult {
  readonly number: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion: string;
}

interface Log {
  /** Undefined for the log of the whole job. */
  readonly step: string | undefined;
  text: string;
  dropped: number;
}

interface JobLog {
  readonly logs: Log[];
  readonly steps: Map<string, StepResult>;
}

const jobsKept = 1_000;
/** Of each log, the newest part. */
const charactersKept = 65_536;

/** Logs and step results of jobs, by the id of the attempt: the newest thousand, each bounded. */
export class JobLogs {
  readonly #jobs = new Map<string, JobLog>();
  readonly #places = new Map<string, { readonly jobId: string; readonly log: Log }>();
  #lastPlace = 0;

  /** A place to append a log to; answers its name. */
  open(jobId: string, step: string | undefined): string {
    const job = this.#job(jobId);
    const known = job.logs.find((log) => log.step === step);
    const log = known ?? { step, text: "", dropped: 0 };
    if (known === undefined) job.logs.push(log);
    this.#lastPlace += 1;
    const place = String(this.#lastPlace);
    this.#places.set(place, { jobId, log });
    return place;
  }

  /** Appends to a log. Answers whether there is one of that name. */
  append(place: string, text: string): boolean {
    const log = this.#places.get(place)?.log;
    if (log === undefined) return false;
    const whole = log.text + text;
    const surplus = Math.max(0, whole.length - charactersKept);
    log.text = whole.slice(surplus);
    log.dropped += surplus;
    return true;
  }

  /** Takes in what a runner says of its steps; newer news of a step take the place of older. */
  report(jobId: string, steps: readonly (StepResult & { readonly id: string })[]): void {
    const job = this.#job(jobId);
    for (const { id, ...step } of steps) job.steps.set(id, step);
  }

  /** The log of an attempt: of the job if there is one, else of its steps in order; undefined if nothing came. */
  textOf(jobId: string): string | undefined {
    const job = this.#jobs.get(jobId);
    if (job === undefined) return undefined;
    const whole = job.logs.find(({ step }) => step === undefined);
    const logs = whole === undefined || whole.text === "" ? job.logs : [whole];
    return logs
      .map(({ text, dropped }) => (dropped > 0 ? `… ${dropped} characters before this were dropped\n${text}` : text))
      .join("");
  }

  /** What its runner said of the steps of an attempt, in their order. */
  stepsOf(jobId: string): StepResult[] {
    return [...(this.#jobs.get(jobId)?.steps.values() ?? [])].sort((a, b) => a.number - b.number);
  }

  #job(jobId: string): JobLog {
    const known = this.#jobs.get(jobId);
    if (known !== undefined) return known;
    const job: JobLog = { logs: [], steps: new Map() };
    this.#jobs.set(jobId, job);
    for (const oldest of this.#jobs.keys()) {
      if (this.#jobs.size <= jobsKept) break;
      this.#jobs.delete(oldest);
      for (const [place, { jobId: of }] of this.#places) if (of === oldest) this.#places.delete(place);
    }
    return job;
  }
}
