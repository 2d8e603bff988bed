import { z } from "zod";
import { STATUS_SCHEMA } from "./snapshot.js";

const count = z.number();
const age = z.number();
const time = z.number();

const problem = z.object({
  // A newer daemon may know codes that we don't: they are shown all the same.
  code: z.string(),
  level: z.enum(["error", "warning", "notice"]),
  message: z.string(),
  remedy: z.string(),
});

const runner = z.object({
  name: z.string(),
  activity: z.enum(["starting", "idle", "busy", "unknown", "ending"]),
  phase: z.string(),
  belief: z.enum(["none", "job", "unknown"]),
  jobId: z.string().optional(),
  jobAgeMs: age.optional(),
  ageMs: age,
  phaseAgeMs: age,
  pending: z.string().optional(),
  attempts: count,
  exitCode: z.number().optional(),
  adopted: z.boolean(),
  oldSpec: z.boolean(),
});

const session = z.discriminatedUnion("state", [
  z.object({ state: z.literal("none") }),
  z.object({ state: z.literal("drained") }),
  z.object({ state: z.literal("standby"), holder: z.string().optional() }),
  z.object({ state: z.literal("held"), ageMs: age, answeredAgeMs: age.optional() }),
]);

const scaleSet = z.object({
  name: z.string(),
  url: z.string().optional(),
  state: z.string(),
  scaleSetId: z.number().optional(),
  session,
  reading: z
    .object({ assigned: count, running: count, registered: count, busy: count, idle: count, ageMs: age })
    .optional(),
  limits: z.object({ minRunners: count, maxRunners: count, share: count.optional(), announced: count }),
  assigned: count,
  target: count,
  runners: z.record(z.string(), count),
  activities: z.object({ starting: count, idle: count, busy: count, unknown: count, ending: count }),
  runnerList: z.array(runner),
  runnersOmitted: count,
  live: count,
  foreign: count,
  maxLive: count,
  totals: z.record(z.string(), count),
  lastDecision: z.object({ at: time, reasons: z.array(z.string()) }).optional(),
  failedRunners: z.array(
    z.object({
      name: z.string(),
      at: time,
      exitCode: z.number().optional(),
      reason: z.string().optional(),
      output: z.string(),
    }),
  ),
  problems: z.array(problem),
});

const snapshot = z.object({
  schema: z.literal(STATUS_SCHEMA),
  version: z.string(),
  owner: z.string(),
  at: time,
  startedAt: time,
  uptimeMs: age,
  state: z.enum(["running", "stopping"]),
  limits: z.object({ launchConcurrency: count }),
  totals: z.object({ assigned: count, live: count, busy: count, started: count }),
  problems: z.array(problem.extend({ scaleSet: z.string().optional(), url: z.string().optional() })),
  scaleSets: z.array(scaleSet),
});

/**
 * A snapshot as another process reads it: of a daemon that may be older or newer, so names of codes, states and phases
 * are open, and fields that are not known are left out.
 */
export type ReadStatus = z.infer<typeof snapshot>;
export type ReadScaleSet = ReadStatus["scaleSets"][number];

/** The snapshot is of a daemon whose status this program does not understand. */
export class UnknownStatusError extends Error {
  override readonly name = "UnknownStatusError";
}

/** @throws {UnknownStatusError} when it is no status, or one of a format that is not known here */
export function decodeStatus(raw: unknown): ReadStatus {
  const result = snapshot.safeParse(raw);
  if (result.success) return result.data;
  const envelope = z.object({ schema: z.number(), version: z.string() }).safeParse(raw);
  if (envelope.success && envelope.data.schema !== STATUS_SCHEMA) {
    const { schema, version } = envelope.data;
    throw new UnknownStatusError(
      `the daemon (version ${version}) gives its status in format ${schema}, and this program reads format ${STATUS_SCHEMA}: use the same version, or --json`,
    );
  }
  const [issue] = result.error.issues;
  throw new UnknownStatusError(`what answers is no scaleset daemon: ${issue?.path.join(".")}: ${issue?.message}`);
}
