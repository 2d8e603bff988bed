import { z } from "zod";
import type { ChangeableRules } from "../service/options.js";
import type { ScaleSetInput } from "../service/scale-sets.js";
import { durationSchema } from "../time/duration.js";
import { type ControlRoute, found, id, route } from "./control-route.js";

/** Incidents and edits that can be brought about from outside. */
export interface IncidentPort {
  editScaleSet(id: number, input: ScaleSetInput): boolean;
  createScaleSet(path: string, input: ScaleSetInput): number;
  expireMessages(scaleSetId: number): number;
  deafenQueue(scaleSetId: number, options: { readonly forMs: number }): boolean;
  restartMessageIds(scaleSetId: number): boolean;
  completeFalsely(
    runnerName: string,
    options: { readonly registration?: "removed" | "kept" | undefined; readonly counted?: boolean | undefined },
  ): boolean;
  changeRules(rules: Partial<ChangeableRules>): void;
}

const editSchema = z.strictObject({
  name: z.string().min(1).optional(),
  labels: z.array(z.strictObject({ name: z.string().min(1), type: z.string().optional() })).optional(),
  runnerGroupId: z.int().positive().optional(),
  disableUpdate: z.boolean().optional(),
});
const creationSchema = editSchema.extend({ scope: z.string().min(1) });
const deafSchema = z.strictObject({ for: durationSchema });
const completionSchema = z.strictObject({
  registration: z.enum(["removed", "kept"]).optional(),
  counted: z.boolean().optional(),
});

const ms = durationSchema;
const flag = z.boolean();
const rules = {
  assignment: z.enum(["direct", "acquire"]),
  offersBeyondAnnounced: z.int().min(0),
  sessionTimeoutMs: ms,
  maxJobMessages: z.int().min(1),
  mergeUndelivered: flag,
  statisticsAt: z.enum(["making", "delivery"]),
  countOfflineRunners: flag,
  lapseMs: ms,
  requeueDelaysMs: z.array(ms),
  strandOnZeroCapacity: flag,
  multiLabel: flag,
  acknowledgeUnknown: z.enum(["accept", "refuse"]),
  acknowledgeInLostSession: z.enum(["refuse", "accept"]),
  refreshStatistics: z.enum(["filled", "empty"]),
  refreshEndsPoll: flag,
  refreshMovesQueue: flag,
  assignedWithoutSession: z.enum(["kept", "freed"]),
  conflictNamesOwner: flag,
  deregistrationDelayMs: ms,
  messageTtlMs: ms,
  runnersAcknowledge: flag,
  largeIds: flag,
  runnerTimeoutMs: ms,
  acquireTimeoutMs: ms,
  jobLockMs: ms,
  offlineRunnerTtlMs: ms,
  idleRunnerTtlMs: ms,
  orphanedRunners: z.enum(["exit", "loop"]),
  registrationTokenTtlMs: ms,
  adminTokenTtlMs: ms,
  queueTokenTtlMs: ms,
  runnerTokenTtlMs: ms,
} satisfies { readonly [Name in keyof ChangeableRules]: z.ZodType<ChangeableRules[Name]> };
const rulesSchema = z.strictObject(rules).partial();

/** The control routes of incidents, edits by hand, and rules. */
export function incidentRoutes(port: IncidentPort): ControlRoute[] {
  const set = "such scale set";
  return [
    route("POST", "/scale-sets", "Somebody makes a scale set by hand", 201, creationSchema, ({ body }) => {
      const { scope, ...input } = body;
      return { status: 201, body: { id: port.createScaleSet(scope, input) } };
    }),
    route("PATCH", "/scale-sets/{id}", "Somebody edits a scale set by hand", 204, editSchema, (call) =>
      found(port.editScaleSet(id(call), call.body), set),
    ),
    route(
      "DELETE",
      "/scale-sets/{id}/messages",
      "The messages that wait in its queue expire",
      200,
      undefined,
      (call) => ({
        status: 200,
        body: { expired: port.expireMessages(id(call)) },
      }),
    ),
    route("POST", "/scale-sets/{id}/deaf-queue", "Its queue hears of nothing for a time", 204, deafSchema, (call) =>
      found(port.deafenQueue(id(call), { forMs: call.body.for }), set),
    ),
    route(
      "POST",
      "/scale-sets/{id}/restart-message-ids",
      "Its message ids count from 1 again",
      204,
      undefined,
      (call) => found(port.restartMessageIds(id(call)), set),
    ),
    route(
      "POST",
      "/runners/{name}/false-completion",
      "Its job is taken for completed while it works on",
      204,
      completionSchema,
      ({ param, body }) => found(port.completeFalsely(param("name"), body), "such runner with a job"),
    ),
    route("PATCH", "/rules", "Rules of the service change from now on", 204, rulesSchema, ({ body }) => {
      port.changeRules(Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)));
      return { status: 204 };
    }),
  ];
}
