import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { jobInputSchema } from "../control/job-input.js";
import type { JobView, SimulatorState, Summary } from "../control/views.js";
import { faultSchema } from "../faults/fault.js";
import type { FaultPlan } from "../faults/plan.js";
import type { Journal } from "../journal/journal.js";

/** What can be done from outside; the simulator itself. */
export interface ControlPort {
  queueJobs(jobs: readonly z.infer<typeof jobInputSchema>[]): JobView[];
  cancelJob(id: number): boolean;
  job(id: number): JobView | undefined;
  state(): SimulatorState;
  summary(): Summary;
  readonly journal: Journal;
  readonly faults: FaultPlan;
  removeScaleSet(id: number): boolean;
  expireSession(scaleSetId: number): boolean;
  dropRunner(name: string): boolean;
  markHostDied(name: string): boolean;
  deprecateRunners(deprecated: boolean): void;
}

const MAX_JOBS = 100_000;

const bulkSchema = z.strictObject({ count: z.int().min(1).max(MAX_JOBS), job: jobInputSchema });

/** One thing or several; each form is checked by itself, so that an error says what is wrong and where. */
function several<Schema extends z.ZodType>(schema: Schema, body: unknown): z.ZodSafeParseResult<z.infer<Schema>[]> {
  return Array.isArray(body)
    ? z.array(schema).max(MAX_JOBS).safeParse(body)
    : schema.transform((one) => [one]).safeParse(body);
}

function readJobs(body: unknown): z.ZodSafeParseResult<z.infer<typeof jobInputSchema>[]> {
  const isBulk = typeof body === "object" && body !== null && "count" in body;
  if (!isBulk) return several(jobInputSchema, body);
  return bulkSchema.transform(({ count, job }) => Array.from({ length: count }, () => job)).safeParse(body);
}

/** The same as the simulator's methods, for who has it in another process. */
export function controlRoutes(port: ControlPort): Hono {
  const app = new Hono();
  app.use("*", async (context, next) => {
    // A page in a browser can send a form or plain text to loopback unasked, but not JSON.
    const json = context.req.header("content-type")?.startsWith("application/json");
    if (context.req.method === "POST" && !json)
      return context.json({ message: "the body must be application/json" }, 415);
    return next();
  });
  app.post("/jobs", async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    const jobs = readJobs(body);
    if (!jobs.success) return context.json({ message: z.prettifyError(jobs.error) }, 400);
    return context.json({ jobs: port.queueJobs(jobs.data) }, 201);
  });
  app.get("/jobs/:id", (context) => {
    const job = port.job(Number(context.req.param("id")));
    return job === undefined ? context.json({ message: "no such job" }, 404) : context.json(job);
  });
  app.delete("/jobs/:id", (context) => {
    return done(context, port.cancelJob(Number(context.req.param("id"))));
  });
  app.post("/faults", async (context) => {
    const faults = several(faultSchema, await context.req.json().catch(() => undefined));
    if (!faults.success) return context.json({ message: z.prettifyError(faults.error) }, 400);
    return context.json({ ids: faults.data.map((fault) => port.faults.add(fault)) }, 201);
  });
  app.get("/faults", (context) => context.json({ faults: port.faults.list() }));
  app.delete("/faults", (context) => {
    port.faults.clear();
    return context.body(null, 204);
  });
  app.delete("/faults/:id", (context) => done(context, port.faults.remove(Number(context.req.param("id")))));
  app.delete("/scale-sets/:id", (context) => done(context, port.removeScaleSet(Number(context.req.param("id")))));
  app.delete("/scale-sets/:id/session", (context) =>
    done(context, port.expireSession(Number(context.req.param("id")))),
  );
  app.delete("/runners/:name", (context) => done(context, port.dropRunner(context.req.param("name"))));
  app.post("/runners/:name/host-died", (context) => done(context, port.markHostDied(context.req.param("name"))));
  app.put("/runners-deprecated", (context) => {
    port.deprecateRunners(true);
    return context.body(null, 204);
  });
  app.delete("/runners-deprecated", (context) => {
    port.deprecateRunners(false);
    return context.body(null, 204);
  });
  app.get("/state", (context) => context.json(port.state()));
  app.get("/summary", (context) => context.json(port.summary()));
  app.get("/journal", (context) => {
    const after = Number(context.req.query("after") ?? 0);
    const limit = Number(context.req.query("limit") ?? 1000);
    const entries = port.journal.entries({ after, limit });
    return context.json({ entries, lastSeq: port.journal.lastSeq });
  });
  app.get("/journal/follow", (context) =>
    streamSSE(context, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      for await (const entry of port.journal.follow({ signal: gone.signal })) {
        await stream.writeSSE({ id: String(entry.seq), event: entry.subject, data: JSON.stringify(entry) });
      }
    }),
  );
  return app;
}

function done(context: Context, found: boolean): Response {
  return found ? context.body(null, 204) : context.json({ message: "there is none" }, 404);
}
