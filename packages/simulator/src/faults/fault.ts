import { z } from "zod";
import { type RefusalKind, refusalKinds } from "../service/refusal.js";
import { durationSchema } from "../time/duration.js";
import { type CallName, callNames } from "../wire/calls.js";
import { statisticNames, type WrongStatistics } from "./statistics.js";

/** Whether the service does what it was asked before the answer is spoiled: the client cannot tell, and must cope with both. */
interface Committing {
  /** @default false */
  readonly commit?: boolean | undefined;
}

/** What a fault does to one call. */
export type FaultEffect =
  /** Waits first (or, committing, between the deed and the answer). @unit milliseconds */
  | ({ readonly kind: "latency"; readonly ms: number } & Committing)
  /** Takes the request, and never answers. */
  | ({ readonly kind: "hang" } & Committing)
  /** Breaks the connection: at once, or after the first bytes of an answer that was then committed. */
  | ({ readonly kind: "reset"; readonly afterBytes?: number | undefined } & Committing)
  /** Does what was asked, and the connection breaks before the answer (F15). */
  | { readonly kind: "lost-answer" }
  /** Some other answer. */
  | ({
      readonly kind: "answer";
      readonly status: number;
      readonly body?: string | undefined;
      readonly contentType?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    } & Committing)
  /** An error of the Actions service, in its own shape. */
  | ({ readonly kind: "refusal"; readonly refusal: RefusalKind; readonly message?: string | undefined } & Committing)
  /** The HTML page of a proxy that found nobody behind it. */
  | ({ readonly kind: "bad-gateway" } & Committing)
  /** Too many requests: as 429 with `Retry-After` in seconds or as a date, or as 403 with `X-RateLimit-Reset`. @unit milliseconds */
  | { readonly kind: "rate-limit"; readonly form: "seconds" | "date" | "reset"; readonly ms: number }
  /** The real answer, cut off as if it had ended there. @default half of it */
  | { readonly kind: "truncated"; readonly bytes?: number | undefined }
  /** The real answer behind a byte order mark. */
  | { readonly kind: "bom" }
  /**
   * A false answer: what is asked for does not exist. 404 for one runner or scale set (also when a runner is to be
   * removed), an empty list, and no job granted. Nothing is done.
   */
  | { readonly kind: "hidden" }
  /** The real answer with wrong statistics: off by some, or those of the answer before. */
  | ({ readonly kind: "statistics" } & WrongStatistics)
  /** The real answer with other values at some places; objects are merged. */
  | { readonly kind: "patch"; readonly body: Readonly<Record<string, unknown>> };

/** A call, as a predicate sees it. */
export interface FaultedCall {
  readonly call: CallName;
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  /** The scale set it is about, if it names one. */
  readonly scaleSet: { readonly id: number; readonly name: string } | undefined;
}

/** Which calls are struck, when, how often, and with what. */
export interface Fault {
  /** Name in the journal. @default the kind of the effect */
  readonly name?: string | undefined;
  /** Calls it strikes. @default every one */
  readonly call?: CallName | readonly CallName[] | undefined;
  /** Only calls about this scale set, by id or name. @default all */
  readonly scaleSet?: number | string | undefined;
  /** Only calls for which this answers true; from code alone. @default all */
  readonly when?: ((call: FaultedCall) => boolean) | undefined;
  /** Lets so many of them pass first. @default 0 */
  readonly skip?: number | undefined;
  /** Strikes so often at most. @default without limit */
  readonly count?: number | undefined;
  /** Chance that a call is struck, from 0 to 1. @default 1 */
  readonly probability?: number | undefined;
  /** Starts so long after it was added. @unit milliseconds @default 0 */
  readonly afterMs?: number | undefined;
  /** Ends so long after it started. @unit milliseconds @default never */
  readonly forMs?: number | undefined;
  readonly effect: FaultEffect;
}

const commit = { commit: z.boolean().optional() };
const ms = durationSchema;

type EffectOf<Kind extends FaultEffect["kind"]> = Extract<FaultEffect, { readonly kind: Kind }>;

/** Each kind with each of its fields: what is forgotten here, or is not in {@link FaultEffect}, does not compile. */
const effectSchemas = {
  latency: z.strictObject({ kind: z.literal("latency"), ms, ...commit }),
  hang: z.strictObject({ kind: z.literal("hang"), ...commit }),
  reset: z.strictObject({ kind: z.literal("reset"), afterBytes: z.int().min(0).optional(), ...commit }),
  "lost-answer": z.strictObject({ kind: z.literal("lost-answer") }),
  answer: z.strictObject({
    kind: z.literal("answer"),
    status: z.int().min(200).max(599),
    body: z.string().optional(),
    contentType: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    ...commit,
  }),
  refusal: z.strictObject({
    kind: z.literal("refusal"),
    refusal: z.enum(refusalKinds),
    message: z.string().optional(),
    ...commit,
  }),
  "bad-gateway": z.strictObject({ kind: z.literal("bad-gateway"), ...commit }),
  "rate-limit": z.strictObject({ kind: z.literal("rate-limit"), form: z.enum(["seconds", "date", "reset"]), ms }),
  truncated: z.strictObject({ kind: z.literal("truncated"), bytes: z.int().min(0).optional() }),
  bom: z.strictObject({ kind: z.literal("bom") }),
  hidden: z.strictObject({ kind: z.literal("hidden") }),
  statistics: z.strictObject({
    kind: z.literal("statistics"),
    off: z.partialRecord(z.enum(statisticNames), z.int()).optional(),
    late: z.boolean().optional(),
  }),
  patch: z.strictObject({ kind: z.literal("patch"), body: z.record(z.string(), z.unknown()) }),
} satisfies {
  [Kind in FaultEffect["kind"]]: z.ZodType<EffectOf<Kind>> & { shape: Record<keyof EffectOf<Kind>, z.ZodType> };
};

/** The kinds of effects, each once. */
export const effectKinds = Object.keys(effectSchemas);

const { latency, ...otherEffects } = effectSchemas;
const effectSchema = z.discriminatedUnion("kind", [latency, ...Object.values(otherEffects)]);

/** Faults from outside: a scenario file, or the control routes. */
export const faultSchema = z.strictObject({
  name: z.string().optional(),
  call: z.union([z.enum(callNames), z.array(z.enum(callNames)).min(1)]).optional(),
  scaleSet: z.union([z.int().positive(), z.string().min(1)]).optional(),
  when: z
    .custom<Fault["when"]>((value) => typeof value === "function", "must be a function, given from code")
    .optional(),
  skip: z.int().min(0).optional(),
  count: z.int().min(1).optional(),
  probability: z.number().min(0).max(1).optional(),
  afterMs: ms.optional(),
  forMs: ms.optional(),
  effect: effectSchema,
}) satisfies z.ZodType<Fault>;
