import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { jobInputSchema } from "../control/job-input.js";
import type { JobView, SimulatorState, Summary } from "../control/views.js";
import type { Journal } from "../journal/journal.js";

/** What can be done from outside; the simulator itself. */
export interface ControlPort {
  queueJobs(jobs: readonly z.infer<typeof jobInputSchema>[]): JobView[];
  cancelJob(id: number): boolean;
  job(id: number): JobView | undefined;
  state(): SimulatorState;
  summary(): Summary;
  readonly journal: Journal;
}

const jobsSchema = z.union([
  z.array(jobInputSchema).max(100_000),
  z.strictObject({ count: z.int().min(1).max(100_000), job: jobInputSchema }),
  jobInputSchema.transform((job) => [job]),
]);

/** The same as the simulator's methods, for who has it in another process. */
export function controlRoutes(port: ControlPort): Hono {
  const app = new Hono();
  app.post("/jobs", async (context) => {
    // A page in a browser can send plain text to loopback unasked, but not JSON.
    if (!context.req.header("content-type")?.startsWith("application/json")) {
      return context.json({ message: "the body must be application/json" }, 415);
    }
    const body: unknown = await context.req.json().catch(() => undefined);
    const jobs = jobsSchema.safeParse(body);
    if (!jobs.success) return context.json({ message: z.prettifyError(jobs.error) }, 400);
    const list = Array.isArray(jobs.data) ? jobs.data : new Array(jobs.data.count).fill(jobs.data.job);
    return context.json({ jobs: port.queueJobs(list) }, 201);
  });
  app.get("/jobs/:id", (context) => {
    const job = port.job(Number(context.req.param("id")));
    return job === undefined ? context.json({ message: "no such job" }, 404) : context.json(job);
  });
  app.delete("/jobs/:id", (context) => {
    const cancelled = port.cancelJob(Number(context.req.param("id")));
    return cancelled ? context.body(null, 204) : context.json({ message: "no job to cancel" }, 404);
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
