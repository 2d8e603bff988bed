import { setMaxListeners } from "node:events";
import { type CheckOptions, ConformanceChecker } from "./conformance/checker.js";
import { type JobInput, jobSpec } from "./control/job-input.js";
import { type JobView, type SimulatorState, type Summary, viewJob, viewState, viewSummary } from "./control/views.js";
import { FaultPlan } from "./faults/plan.js";
import { type RunnerPlan, RunnerPlans } from "./faults/runner-plan.js";
import { createApp } from "./http/app.js";
import { aroundCalls } from "./http/around.js";
import { scaleSetConcerned } from "./http/concerned.js";
import { controlRoutes } from "./http/control.js";
import type { Bindings } from "./http/exchange.js";
import { inProcessFetch, type SimulatorFetch } from "./http/in-process.js";
import { type Listening, type ListenOptions, serve } from "./http/serve.js";
import { Journal } from "./journal/journal.js";
import { type ResolvedOptions, resolveOptions, type SimulatorOptions } from "./options.js";
import { type PlayOptions, playScenario, type ScenarioReport } from "./scenario/play.js";
import type { Scenario } from "./scenario/schema.js";
import type { Context } from "./service/context.js";
import { violations } from "./service/invariants.js";
import { openJobs, queueJob } from "./service/jobs.js";
import { JobLogs } from "./service/logs.js";
import type { ChangeableRules, ServiceOptions } from "./service/options.js";
import { deafen, expireMessages, restartMessageIds } from "./service/queue.js";
import { dropRegistration } from "./service/runners.js";
import { cancelJob, completeFalsely } from "./service/runs.js";
import { createScaleSet, deleteScaleSet, type ScaleSetInput, updateScaleSet } from "./service/scale-sets.js";
import { addRunnerGroup, scopeOf } from "./service/scopes.js";
import { Service } from "./service/service.js";
import { endSession, leaveStaleSession } from "./service/sessions.js";
import type { RunnerRow, ScaleSetRow } from "./service/state.js";
import type { TokenKind } from "./service/tokens.js";
import type { Random } from "./time/random.js";
import { Endpoints } from "./wire/endpoints.js";
import { readWorkflow } from "./workflow/read-workflow.js";
import { WorkflowRun, type WorkflowView } from "./workflow/run.js";

/** Made once: an abort without a reason makes an exception each time. */
const EARLIER = new Error("something is due earlier");

/** Makes a simulator. It does nothing until somebody calls it. @throws TypeError on options that make no sense */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  return new Simulator(resolveOptions(options));
}

/** The runner scale set service in one object: give its `fetch` to a client, or let it `listen`. */
export class Simulator implements AsyncDisposable {
  /** Answers requests to any host. Rejects with the signal's reason when that aborts, as the global one does. */
  readonly fetch: SimulatorFetch;
  /** A personal access token it accepts. */
  readonly token: string;
  /** What happened so far. */
  readonly journal: Journal;
  /** What goes wrong on demand. */
  readonly faults: FaultPlan;
  readonly #options: ResolvedOptions;
  readonly #service: Service;
  readonly #runnerPlans: RunnerPlans;
  readonly #logs = new JobLogs();
  readonly #answer: (request: Request, bindings?: Bindings) => Response | Promise<Response>;
  readonly #closing = new AbortController();
  readonly #listening = new Set<Listening>();
  #alarm: { readonly atMs: number; readonly stop: AbortController } | undefined;

  /** Use `createSimulator`. */
  constructor(options: ResolvedOptions) {
    const { clock, random, endpoints } = { ...options, endpoints: new Endpoints(options) };
    this.#options = options;
    this.token = options.token;
    this.journal = new Journal({ now: () => clock.now(), capacity: options.journalCapacity });
    this.#service = new Service({
      rules: options.rules,
      journal: this.journal,
      now: () => clock.now(),
      random,
      peerTime: options.peerTime,
    });
    this.#runnerPlans = new RunnerPlans(random);
    const expiresAtMs = Number.POSITIVE_INFINITY;
    this.#service.tokens.accept({ kind: "personal", value: options.token, expiresAtMs });
    const desk = {
      ...options,
      service: this.#service,
      journal: this.journal,
      endpoints,
      runnerPlans: this.#runnerPlans,
    };
    this.faults = new FaultPlan({ now: () => clock.now(), random });
    const around = aroundCalls({
      faults: this.faults,
      journal: this.journal,
      clock,
      scaleSetOf: (exchange) =>
        this.#service.lookup((context) => scaleSetConcerned(context, this.#service.tokens, exchange)),
    });
    const app = createApp(desk, { ...options, logs: this.#logs, around, control: controlRoutes(this) });
    this.#answer = (request, bindings = {}) => app.fetch(request, bindings);
    this.fetch = inProcessFetch(this.#answer, this.#closing.signal);
    this.#service.onStep(() => this.#setAlarm());
    // Every poll held listens to it.
    setMaxListeners(0, this.#closing.signal);
  }

  /** A config URL of this simulator: of the newest place it listens at, else for use with `fetch`. @param path e.g. `my-org` or `owner/repo` */
  configUrl(path = "my-org"): string {
    const origin = [...this.#listening].at(-1)?.url ?? this.#options.origin;
    return `${origin}/${path.replace(/^\/+/, "")}`;
  }

  /** Serves over HTTP, on loopback unless told otherwise. @throws Error naming the port when it is taken */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const { clock } = this.#options;
    const served = await serve((request) => this.#answer(request), options, this.#options.peerTime(clock.now()));
    const close = async (): Promise<void> => {
      this.#listening.delete(listening);
      await served.close();
    };
    const listening: Listening = { url: served.url, ca: served.ca, close, [Symbol.asyncDispose]: close };
    this.#listening.add(listening);
    return listening;
  }

  /** Queues a job. @throws TypeError when it is not a valid one */
  queueJob(job: JobInput): JobView {
    const [queued] = this.queueJobs([job]);
    if (queued === undefined) throw new Error("nothing was queued");
    return queued;
  }

  /** Queues jobs at one moment, so that they share messages. @throws TypeError when one is not valid */
  queueJobs(jobs: readonly JobInput[]): JobView[] {
    const first = this.#service.state.tally.queued + 1;
    const specs = jobs.map((job, index) => jobSpec(job, first + index));
    return this.#service.step((context) => specs.map((spec) => queueJob(context, spec))).map(viewJob);
  }

  /**
   * Queues the jobs of a workflow file, each once those it needs have succeeded: `run` steps, `env`, `matrix`, `needs`.
   * @throws WorkflowError naming everything else in it, with line and column
   */
  queueWorkflow(
    text: string,
    { file, repository }: { readonly file?: string | undefined; readonly repository?: string | undefined } = {},
  ): WorkflowView {
    const ports = {
      journal: this.journal,
      job: (id: number) => this.job(id),
      queue: (input: JobInput, runId: string | undefined) =>
        viewJob(
          this.#service.step((context) => queueJob(context, jobSpec(input, context.state.tally.queued + 1), runId)),
        ),
    };
    return new WorkflowRun(ports, readWorkflow(text, file), { repository }).view();
  }

  /** What its runner sent as the log of a job's newest attempt; the newest thousand are kept, 64 KiB of each log. */
  jobLog(id: number): string | undefined {
    const jobId = this.#service.state.jobs.get(id)?.jobId;
    return jobId === undefined ? undefined : this.#logs.textOf(jobId);
  }

  /** Queues a job that ended once more: a new job of the same workflow run. @throws TypeError when it is unknown or has not ended */
  rerunJob(id: number): JobView {
    const job = this.#service.state.jobs.get(id);
    if (job === undefined) throw new TypeError(`there is no job ${id}, or it ended too long ago`);
    if (job.state !== "completed") throw new TypeError(`job ${id} has not ended: it is ${job.state}`);
    return viewJob(this.#service.step((context) => queueJob(context, job.spec, job.workflowRunId)));
  }

  /** Cancels a job, wherever it is. Answers whether there was something to cancel. */
  cancelJob(id: number): boolean {
    const job = this.#service.state.jobs.get(id);
    return job !== undefined && this.#service.step((context) => cancelJob(context, job));
  }

  /** A job as it stands; of those that ended the newest are kept, ten thousand unless `endedJobsKept` says otherwise. */
  job(id: number): JobView | undefined {
    const job = this.#service.state.jobs.get(id);
    return job && viewJob(job);
  }

  /** Every job that is kept, oldest first. */
  jobs(): JobView[] {
    return [...this.#service.state.jobs.values()].map(viewJob);
  }

  /** The whole service at this moment. */
  state(): SimulatorState {
    this.#service.advance();
    return this.#service.lookup(viewState);
  }

  /** What became of all jobs and registrations so far. */
  summary(): Summary {
    this.#service.advance();
    return this.#service.lookup(viewSummary);
  }

  /** Laws of the service that do not hold at present, in words; empty unless the simulator itself is wrong. */
  violations(): string[] {
    return this.#service.lookup(violations);
  }

  /** Calls `listener` after everything that happens in the service, until the answered function is called. */
  onChange(listener: () => void): () => void {
    return this.#service.onStep(listener);
  }

  /** Resolves once `condition` holds; it is looked at after everything that happens. Rejects with the signal's reason. */
  when(condition: () => boolean, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void): void => {
        unsubscribe();
        signal?.removeEventListener("abort", onAbort);
        act();
      };
      const onAbort = (): void => end(() => reject(signal?.reason));
      const unsubscribe = this.onChange(() => {
        if (condition()) end(resolve);
      });
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else if (condition()) end(resolve);
    });
  }

  /** Resolves once every job has ended (stranded ones cannot). Rejects with the signal's reason. */
  async settled(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Summary> {
    await this.when(() => this.#service.lookup(openJobs) === 0, options);
    return this.summary();
  }

  /**
   * Adds a runner group beside the default one, and answers its id.
   * @param options.repositories `owner/name` of those whose jobs may use it. @default every repository of the scope
   */
  addRunnerGroup(
    path: string,
    name: string,
    { repositories }: { readonly repositories?: readonly string[] | undefined } = {},
  ): number {
    return this.#service.step((context) => {
      const scope = scopeOf(context, path);
      if (scope === undefined) throw new TypeError(`${path} is no organisation, repository or enterprise`);
      return addRunnerGroup(scope, name, repositories).id;
    });
  }

  /** The service removes a scale set by itself, as it does with ones idle for days (protocol.md F4). */
  removeScaleSet(id: number): boolean {
    const set = this.#service.state.scaleSets.get(id);
    if (set !== undefined) this.#service.step((context) => deleteScaleSet(context, set, "the service removed it"));
    return set !== undefined;
  }

  /** Somebody edits a scale set by hand: its name, labels or runner group. Answers whether there is one. */
  editScaleSet(id: number, input: ScaleSetInput): boolean {
    return this.#withSet(id, (context, set) => void updateScaleSet(context, set, input, "somebody edited it by hand"));
  }

  /** Somebody makes a scale set by hand, and its id is answered. @param path of a config URL, e.g. `my-org` */
  createScaleSet(path: string, input: ScaleSetInput): number {
    return this.#service.step((context) => {
      const scope = scopeOf(context, path);
      if (scope === undefined) throw new TypeError(`${path} is no organisation, repository or enterprise`);
      return createScaleSet(context, scope, input, "somebody made it by hand").id;
    });
  }

  /** Messages that wait in the queue of a scale set expire: they are never delivered. Answers how many did. */
  expireMessages(scaleSetId: number): number {
    let count = 0;
    this.#withSet(scaleSetId, (context, set) => {
      count = expireMessages(context, set);
    });
    return count;
  }

  /** For so long the queue of a scale set hears of nothing: what happens is put into no message, then or later. */
  deafenQueue(scaleSetId: number, { forMs }: { readonly forMs: number }): boolean {
    return this.#withSet(scaleSetId, (context, set) => deafen(context, set, forMs));
  }

  /** The queue of a scale set is made again after an incident: what waits in it is kept, and ids count from 1 once more. */
  restartMessageIds(scaleSetId: number): boolean {
    return this.#withSet(scaleSetId, restartMessageIds);
  }

  /**
   * The service takes the job of a runner for completed while the runner works on (actions/runner#4492). JobCompleted is
   * sent, the registration is removed unless it is `kept`, and statistics no longer count the job unless it is `counted`.
   * Answers whether the runner had a job.
   */
  completeFalsely(
    runnerName: string,
    {
      registration = "removed",
      counted = false,
    }: { readonly registration?: "removed" | "kept" | undefined; readonly counted?: boolean | undefined } = {},
  ): boolean {
    const job = this.#runnerNamed(runnerName)?.job;
    return (
      job !== undefined && this.#service.step((context) => completeFalsely(context, job, { registration, counted }))
    );
  }

  /** The rules of the service at this moment. */
  get rules(): ServiceOptions {
    return this.#service.options;
  }

  /** Changes rules of the service while it runs; what was begun under the old ones ends as it would have. */
  changeRules(rules: Partial<ChangeableRules>): void {
    this.#service.changeRules(rules);
  }

  /** The session of a scale set ends by itself (F3). */
  expireSession(scaleSetId: number): boolean {
    const session = this.#service.state.scaleSets.get(scaleSetId)?.session;
    if (session) this.#service.step((context) => endSession(context, session, "expired", "the service ended it"));
    return session !== undefined;
  }

  /** The session of a killed process stands in the way: nobody polls, and it lives on for `forMs` all the same (F1). */
  leaveStaleSession(scaleSetId: number, options: { readonly ownerName: string; readonly forMs: number }): boolean {
    const set = this.#service.state.scaleSets.get(scaleSetId);
    if (set !== undefined) this.#service.step((context) => leaveStaleSession(context, set, options));
    return set !== undefined;
  }

  /**
   * Lets simulated runners misbehave whose JIT configs are given out from now on; real runners do not look at it. It
   * takes the place of what was said before. @throws TypeError when a plan is not valid
   */
  misbehaveRunners(plans: readonly RunnerPlan[], random?: Random): void {
    this.#runnerPlans.replace(plans, random);
  }

  /** Looks from now on at everything that happens for what an autoscaler must never do. Dispose it to stop. */
  check(options: CheckOptions = {}): ConformanceChecker & Disposable {
    const checker = new ConformanceChecker(options);
    const unsubscribe = this.journal.subscribe((entry) => checker.take(entry));
    return Object.assign(checker, { [Symbol.dispose]: unsubscribe });
  }

  /** Plays a scenario: jobs arrive and things go wrong, from the first poll of a client on. */
  play(scenario: Scenario, options: PlayOptions = {}): Promise<ScenarioReport> {
    return playScenario(this, scenario, { ...options, clock: this.#options.clock });
  }

  /** The service drops a runner's registration by itself (F6); a job that it runs goes on. */
  dropRunner(name: string): boolean {
    const runner = this.#runnerNamed(name);
    if (runner) this.#service.step((context) => dropRegistration(context, runner, "the service dropped it"));
    return runner !== undefined;
  }

  /** Says that this runner's host was taken away, so that the end of its job counts as nobody's loss. */
  markHostDied(name: string): boolean {
    const runner = this.#runnerNamed(name);
    if (runner) runner.hostDied = true;
    return runner !== undefined;
  }

  /** From now on, every runner is too old for jobs and exits with code 7 (F19); or no more. */
  deprecateRunners(deprecated = true): void {
    this.#service.step((context) => {
      context.state.runnersDeprecated = deprecated;
      const event = deprecated ? "runners-deprecated" : "runners-accepted";
      context.journal.record({ subject: "service", event, cause: "the service changed its mind" });
      for (const runner of context.state.runners.values()) context.woken.add(runner);
      for (const set of context.state.scaleSets.values()) context.touched.add(set);
    });
  }

  /** Makes every token of a kind worthless at once, as if it had expired. */
  revokeTokens(kind: TokenKind): void {
    this.journal.record({ subject: "service", event: "tokens-revoked", cause: `all of kind ${kind}` });
    this.#service.tokens.revoke(kind);
  }

  /** Stops listening, and lets go of the clock. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the simulator was closed"));
    this.#alarm?.stop.abort();
    await Promise.all([...this.#listening].map((listening) => listening.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #withSet(id: number, act: (context: Context, set: ScaleSetRow) => void): boolean {
    const set = this.#service.state.scaleSets.get(id);
    if (set !== undefined) this.#service.step((context) => act(context, set));
    return set !== undefined;
  }

  #runnerNamed(name: string): RunnerRow | undefined {
    return [...this.#service.state.runners.values()].find((runner) => runner.name === name);
  }

  /** One timer for everything that is due by itself. A time that moved back is not worth a new one: it looks and goes on. */
  #setAlarm(): void {
    const dueAtMs = this.#service.dueAtMs();
    if (dueAtMs === undefined || this.#closing.signal.aborted) return;
    if (this.#alarm !== undefined && this.#alarm.atMs <= dueAtMs) return;
    this.#alarm?.stop.abort(EARLIER);
    const alarm = { atMs: dueAtMs, stop: new AbortController() };
    this.#alarm = alarm;
    const { clock } = this.#options;
    clock.sleep(Math.max(0, dueAtMs - clock.now()), { signal: alarm.stop.signal }).then(
      () => {
        this.#alarm = undefined;
        this.#service.advance();
        this.#setAlarm();
      },
      () => undefined,
    );
  }
}
