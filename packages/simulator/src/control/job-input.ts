import { z } from "zod";
import type { JobSpec } from "../service/state.js";

/** A job to queue. It needs a target: `scaleSet`, `runsOn`, both, or `anywhere`. */
export interface JobInput {
  /** Name or id of the scale set that shall run it. */
  readonly scaleSet?: string | number | undefined;
  /** Labels, as in a workflow; every one must be among the scale set's. */
  readonly runsOn?: string | readonly string[] | undefined;
  /** Any scale set may run it. */
  readonly anywhere?: boolean | undefined;
  /** `owner/name`; only scale sets of that repository, its organisation or an enterprise may run the job. @default any */
  readonly repository?: string | undefined;
  /** @default "job N" */
  readonly displayName?: string | undefined;
  /** Shell script to run; short for one step. Only runner programs run it, in-process runners take `durationMs`. */
  readonly script?: string | undefined;
  readonly steps?:
    | readonly (
        | string
        | {
            readonly name?: string | undefined;
            readonly script: string;
            readonly env?: Readonly<Record<string, string>> | undefined;
          }
      )[]
    | undefined;
  /** Environment of every step. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long it takes; without a script, a runner program sleeps for it. @unit milliseconds @default 1000 */
  readonly durationMs?: number | undefined;
  /** How it ends where no script decides. @default "succeeded" */
  readonly result?: "succeeded" | "failed" | undefined;
}

const envSchema = z.record(z.string().regex(/^[A-Za-z_][\w]*$/, "is no name of a variable"), z.string());
const stepSchema = z.union([
  z.string(),
  z.strictObject({ name: z.string().optional(), script: z.string(), env: envSchema.optional() }),
]);

export const jobInputSchema = z
  .strictObject({
    scaleSet: z.union([z.string().min(1), z.int().positive()]).optional(),
    runsOn: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
    anywhere: z.boolean().optional(),
    env: envSchema.optional(),
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name")
      .optional(),
    displayName: z.string().optional(),
    script: z.string().optional(),
    steps: z.array(stepSchema).optional(),
    durationMs: z.number().min(0).optional(),
    result: z.enum(["succeeded", "failed"]).optional(),
  })
  .refine(
    (input) => input.scaleSet !== undefined || input.runsOn !== undefined || input.anywhere,
    "a job needs scaleSet, runsOn or anywhere",
  );

/** A job as the service keeps it. @throws TypeError when the input is not valid */
export function jobSpec(input: JobInput, number: number): JobSpec {
  const checked = jobInputSchema.safeParse(input);
  if (!checked.success) throw new TypeError(`not a job: ${z.prettifyError(checked.error)}`);
  const {
    scaleSet,
    runsOn = [],
    repository,
    env = {},
    displayName,
    script,
    steps,
    durationMs = 1000,
    result,
  } = checked.data;
  const given = [...(script === undefined ? [] : [script]), ...(steps ?? [])];
  const ending = result === "failed" ? "; exit 1" : "";
  const scripts = given.length > 0 ? given : [`sleep ${durationMs / 1000}${ending}`];
  return {
    scaleSetId: typeof scaleSet === "number" ? scaleSet : undefined,
    scaleSetName: typeof scaleSet === "string" ? scaleSet : undefined,
    runsOn: typeof runsOn === "string" ? [runsOn] : runsOn,
    repository,
    displayName: displayName ?? `job ${number}`,
    steps: scripts.map((step, index) => {
      if (typeof step === "string") return { name: `Step ${index + 1}`, script: step, env };
      return { name: step.name ?? `Step ${index + 1}`, script: step.script, env: { ...env, ...step.env } };
    }),
    durationMs,
    result: result ?? "succeeded",
  };
}
