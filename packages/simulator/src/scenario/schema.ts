import { z } from "zod";
import { checkNames } from "../conformance/check.js";
import { faultSchema } from "../faults/fault.js";
import { runnerPlanSchema } from "../faults/runner-plan.js";
import { durationSchema } from "../time/duration.js";
import { workloadSchema } from "./workload.js";

const tokenKinds = ["personal", "installation", "registration", "admin", "queue", "runner", "job"] as const;

/** Something that the service does by itself. `scaleSet` names one; without it all are meant. */
const when = {
  at: durationSchema.default(0),
  /** Again and again at this interval. */
  every: durationSchema.refine((ms) => ms >= 1_000, "must be 1s or more").optional(),
  /** At most so often. @default without limit when `every` is given, else 1 */
  times: z.int().min(1).optional(),
  scaleSet: z.union([z.string().min(1), z.int().positive()]).optional(),
};

const eventSchema = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("expire-session"), ...when }),
  /** The session of a process that was killed stands in the way. */
  z.strictObject({
    do: z.literal("stale-session"),
    for: durationSchema.default(60_000),
    owner: z.string().min(1).optional(),
    ...when,
  }),
  z.strictObject({ do: z.literal("remove-scale-set"), ...when }),
  /** Registrations are dropped, of idle and offline runners alone. */
  z.strictObject({ do: z.literal("drop-idle-runners"), ...when }),
  z.strictObject({ do: z.literal("deprecate-runners"), ...when }),
  z.strictObject({ do: z.literal("accept-runners"), ...when }),
  z.strictObject({ do: z.literal("revoke-tokens"), kind: z.enum(tokenKinds), ...when }),
]);

export type ScenarioEvent = z.infer<typeof eventSchema>;

/** A fault in a scenario: `after` and `for` may be words. */
const scenarioFaultSchema = faultSchema
  .omit({ afterMs: true, forMs: true, when: true })
  .extend({ after: durationSchema.optional(), for: durationSchema.optional() })
  .refine(({ probability }) => probability !== 0, {
    path: ["probability"],
    message: "with probability 0 it never strikes",
  })
  .transform(({ after, for: forMs, ...fault }) => ({ ...fault, afterMs: after, forMs }));

/** A scenario file. All times count from the moment at which the first client polls. */
export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, "must be lower-case words joined by hyphens"),
  /** What happened in the world that it re-creates. */
  about: z.string().min(1),
  /** What an autoscaler learns from it. */
  teaches: z.string().min(1).optional(),
  seed: z.int().min(0).default(1),
  assignment: z.enum(["direct", "acquire"]).optional(),
  /** How long things are made to go wrong. */
  lasts: durationSchema,
  /** How long the jobs may take after that to come to their end, at any speed: what is waited for then is the client. */
  patience: durationSchema.default(1_800_000),
  jobs: z.array(workloadSchema).min(1),
  faults: z.array(scenarioFaultSchema).default([]),
  events: z.array(eventSchema).default([]),
  runners: z.array(runnerPlanSchema).default([]),
  /** Checks that are not made, since the scenario itself breaks them. */
  allow: z.array(z.enum(checkNames as [string, ...string[]])).default([]),
});

export type Scenario = z.infer<typeof scenarioSchema>;
