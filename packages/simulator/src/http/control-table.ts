import { z } from "zod";
import { jobInputSchema } from "../control/job-input.js";
import type { JobView, SimulatorState, Summary } from "../control/views.js";
import { type Fault, faultSchema } from "../faults/fault.js";
import type { FaultPlan } from "../faults/plan.js";
import { type RunnerPlan, runnerPlanSchema } from "../faults/runner-plan.js";
import { type JournalSubject, journalSubjects } from "../journal/entry.js";
import type { Journal } from "../journal/journal.js";
import type { TokenKind } from "../service/tokens.js";
import { durationSchema } from "../time/duration.js";
import type { WorkflowView } from "../workflow/run.js";
import { type IncidentPort, incidentRoutes } from "./control-incidents.js";
import { type ControlRoute, found, id, numberOf, route } from "./control-route.js";

/** What can be done from outside; the simulator itself. */
export interface ControlPort extends IncidentPort {
  queueJobs(jobs: readonly z.infer<typeof jobInputSchema>[]): JobView[];
  queueWorkflow(text: string, options: { readonly repository?: string | undefined }): WorkflowView;
  rerunJob(id: number): JobView;
  cancelJob(id: number): boolean;
  job(id: number): JobView | undefined;
  jobs(): JobView[];
  jobLog(id: number): string | undefined;
  state(): SimulatorState;
  summary(): Summary;
  readonly journal: Journal;
  readonly faults: FaultPlan;
  removeScaleSet(id: number): boolean;
  expireSession(scaleSetId: number): boolean;
  leaveStaleSession(scaleSetId: number, options: { readonly ownerName: string; readonly forMs: number }): boolean;
  addRunnerGroup(
    path: string,
    name: string,
    options: { readonly repositories?: readonly string[] | undefined },
  ): number;
  misbehaveRunners(plans: readonly RunnerPlan[]): void;
  dropRunner(name: string): boolean;
  markHostDied(name: string): boolean;
  deprecateRunners(deprecated: boolean): void;
  revokeTokens(kind: TokenKind): void;
}

const mostJobs = 100_000;
const bulkSchema = z.strictObject({ count: z.int().min(1).max(mostJobs), job: jobInputSchema });
const tokenKinds = ["personal", "installation", "registration", "admin", "queue", "runner", "job"] as const;
const workflowSchema = z.strictObject({
  workflow: z.string().min(1),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name")
    .optional(),
});
const groupSchema = z.strictObject({
  scope: z.string().min(1),
  name: z.string().min(1),
  repositories: z.array(z.string()).optional(),
});
const staleSchema = z.strictObject({ owner: z.string().min(1), for: durationSchema });

/** One thing, several, or so many alike; each form is checked by itself, so that an error says what is wrong and where. */
const jobsSchema = z.unknown().transform((body, context): z.infer<typeof jobInputSchema>[] => {
  const bulk = typeof body === "object" && body !== null && "count" in body;
  if (bulk) {
    const { count, job } = checked(bulkSchema, body, context) ?? { count: 0, job: undefined };
    return job === undefined ? z.NEVER : Array.from({ length: count }, () => job);
  }
  return severalOf(jobInputSchema, body, context);
});
/** Without what only code can give. */
const outerFaultSchema = faultSchema.omit({ when: true });
const faultsSchema = z.unknown().transform((body, context): Fault[] => severalOf(faultSchema, body, context));

function severalOf<T>(schema: z.ZodType<T>, body: unknown, context: z.core.$RefinementCtx): T[] {
  if (Array.isArray(body)) return checked(z.array(schema).max(mostJobs), body, context) ?? z.NEVER;
  const one = checked(schema, body, context);
  return one === undefined ? z.NEVER : [one];
}

function checked<T>(schema: z.ZodType<T>, value: unknown, context: z.core.$RefinementCtx): T | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const { message, path } of result.error.issues) context.addIssue({ code: "custom", message, path: [...path] });
  return undefined;
}

/** Every call of the control API: the routes and their description are both made from this. */
export function controlTable(port: ControlPort): ControlRoute[] {
  const ok = (body: unknown) => ({ status: 200, body });
  const made = (body: unknown) => ({ status: 201, body });
  return [
    {
      ...route("POST", "/jobs", "Queue a job, a list of jobs, or `{count, job}`", 201, jobsSchema, ({ body }) =>
        made({ jobs: port.queueJobs(body) }),
      ),
      described: z.union([jobInputSchema, z.array(jobInputSchema), bulkSchema]),
    },
    route("GET", "/jobs", "Jobs that are kept, oldest first", 200, undefined, () => ok({ jobs: port.jobs() })),
    route("GET", "/jobs/{id}", "One job", 200, undefined, (call) => {
      const job = port.job(id(call));
      return job === undefined ? found(false, `job ${call.param("id")}`) : ok(job);
    }),
    route("DELETE", "/jobs/{id}", "Cancel a job", 204, undefined, (call) =>
      found(port.cancelJob(id(call)), "such job, or nothing to cancel"),
    ),
    route("POST", "/jobs/{id}/rerun", "Queue a job that ended once more", 201, z.strictObject({}), (call) =>
      made(port.rerunJob(id(call))),
    ),
    route("GET", "/jobs/{id}/journal", "The life of a job", 200, undefined, (call) =>
      ok({ entries: port.journal.lifeOf(id(call)) }),
    ),
    route("GET", "/jobs/{id}/log", "What its runner sent as its log", 200, undefined, (call) => {
      const log = port.jobLog(id(call));
      return log === undefined ? found(false, "log of that job") : ok({ log });
    }),
    route("POST", "/workflows", "Queue the jobs of a workflow file", 201, workflowSchema, ({ body }) =>
      made(port.queueWorkflow(body.workflow, { repository: body.repository })),
    ),
    {
      ...route("POST", "/faults", "Add a fault or a list of them", 201, faultsSchema, ({ body }) =>
        made({ ids: body.map((fault) => port.faults.add(fault)) }),
      ),
      described: z.union([outerFaultSchema, z.array(outerFaultSchema)]),
    },
    route("GET", "/faults", "Faults in force, and what they did", 200, undefined, () =>
      ok({ faults: port.faults.list() }),
    ),
    route("DELETE", "/faults", "End every fault", 204, undefined, () => {
      port.faults.clear();
      return { status: 204 };
    }),
    route("DELETE", "/faults/{id}", "End a fault", 204, undefined, (call) =>
      found(port.faults.remove(id(call)), "such fault"),
    ),
    route(
      "PUT",
      "/runner-behaviours",
      "How runners misbehave that are registered from now on; an empty list = not at all",
      204,
      z.array(runnerPlanSchema),
      ({ body }) => {
        port.misbehaveRunners(body);
        return { status: 204 };
      },
    ),
    route(
      "POST",
      "/runner-groups",
      "Add a runner group; `scope` is the path of a config URL",
      201,
      groupSchema,
      ({ body }) => made({ id: port.addRunnerGroup(body.scope, body.name, { repositories: body.repositories }) }),
    ),
    route("DELETE", "/scale-sets/{id}", "The service removes a scale set by itself", 204, undefined, (call) =>
      found(port.removeScaleSet(id(call)), "such scale set"),
    ),
    route("DELETE", "/scale-sets/{id}/session", "Its session ends by itself", 204, undefined, (call) =>
      found(port.expireSession(id(call)), "session of that scale set"),
    ),
    route(
      "POST",
      "/scale-sets/{id}/stale-session",
      "The session of a killed process stands in the way",
      204,
      staleSchema,
      (call) =>
        found(port.leaveStaleSession(id(call), { ownerName: call.body.owner, forMs: call.body.for }), "such scale set"),
    ),
    route("DELETE", "/runners/{name}", "The service drops a registration", 204, undefined, ({ param }) =>
      found(port.dropRunner(param("name")), "such runner"),
    ),
    route(
      "POST",
      "/runners/{name}/host-died",
      "The end of this runner's job is nobody's loss",
      204,
      undefined,
      ({ param }) => found(port.markHostDied(param("name")), "such runner"),
    ),
    route("PUT", "/runners-deprecated", "Every runner is too old from now on", 204, undefined, () => {
      port.deprecateRunners(true);
      return { status: 204 };
    }),
    route("DELETE", "/runners-deprecated", "No runner is too old any more", 204, undefined, () => {
      port.deprecateRunners(false);
      return { status: 204 };
    }),
    route(
      "DELETE",
      "/tokens/{kind}",
      `Every token of a kind is worthless at once: ${tokenKinds.join(", ")}`,
      204,
      undefined,
      ({ param }) => {
        const kind = tokenKinds.find((name) => name === param("kind"));
        if (kind === undefined)
          throw new TypeError(`${param("kind")} is no kind of token; there are ${tokenKinds.join(", ")}`);
        port.revokeTokens(kind);
        return { status: 204 };
      },
    ),
    ...incidentRoutes(port),
    route("GET", "/state", "The whole service at this moment", 200, undefined, () => ok(port.state())),
    route("GET", "/summary", "What became of all jobs and registrations", 200, undefined, () => ok(port.summary())),
    {
      ...route("GET", "/journal", "What happened, oldest first", 200, undefined, ({ query }) => {
        const number = (name: string, otherwise?: number) =>
          query(name) === undefined ? otherwise : numberOf(query(name) ?? "", name);
        const subject = subjectOf(query("subject"));
        const entries = port.journal.entries({
          after: number("after", 0),
          limit: number("limit", 1000),
          job: number("job"),
          scaleSetId: number("scaleSetId"),
          runner: query("runner"),
          call: query("call"),
          subject,
        });
        return ok({ entries, lastSeq: port.journal.lastSeq });
      }),
      query: {
        after: "only entries with a higher number",
        limit: "at most so many, the newest; 1000 unless told",
        subject: "job, runner, session, message, scale-set, request, fault or service",
        job: "the life of this job",
        runner: "only this runner, by name",
        scaleSetId: "only this scale set",
        call: "only requests and faults of this call",
      },
    },
  ];
}

function subjectOf(text: string | undefined): JournalSubject | undefined {
  const subject = journalSubjects.find((name) => name === text);
  if (text === undefined || subject !== undefined) return subject;
  throw new TypeError(`subject: there is no ${text}; there are ${journalSubjects.join(", ")}`);
}
