import { z } from "zod";
import { durationSchema } from "../time/duration.js";
import type { Random } from "../time/random.js";

const perHour = z.number().positive().max(1_000_000);
const at = durationSchema.default(0);
const span = durationSchema.refine((ms) => ms > 0, "must be longer than 0");

const lengthSchema = z.union([
  durationSchema,
  z
    .strictObject({ min: durationSchema, max: durationSchema })
    .refine(({ min, max }) => min <= max, "min must not be above max"),
  z
    .strictObject({ median: span, p99: span })
    .refine(({ median, p99 }) => median <= p99, "median must not be above p99"),
]);

/** What the jobs of a workload are: where they may run, how long they take, how many fail. */
const jobs = {
  runsOn: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  scaleSet: z.union([z.string().min(1), z.int().positive()]).optional(),
  /** `30s`, `{ min, max }`, or a long tail `{ median, p99 }`. */
  takes: lengthSchema.default(30_000),
  /** Share of jobs that fail, from 0 to 1. */
  failing: z.number().min(0).max(1).default(0),
  /** Share of jobs that somebody cancels while they wait or run, from 0 to 1. */
  cancelled: z.number().min(0).max(1).default(0),
};

/** When jobs arrive. */
export const workloadSchema = z.discriminatedUnion("shape", [
  /** All at one moment. */
  z.strictObject({ shape: z.literal("burst"), at, count: z.int().min(1).max(100_000), ...jobs }),
  /** At an even mean rate, each at random. */
  z.strictObject({ shape: z.literal("steady"), at, for: span, perHour, ...jobs }),
  /** At a rate that rises or falls evenly. */
  z.strictObject({
    shape: z.literal("ramp"),
    at,
    for: span,
    fromPerHour: z.number().min(0).max(1_000_000),
    toPerHour: z.number().min(0).max(1_000_000),
    ...jobs,
  }),
  /** A working day again and again: few at night, most at its peak, 12 h later. */
  z.strictObject({
    shape: z.literal("daily"),
    at,
    for: span,
    lowPerHour: z.number().min(0).max(1_000_000),
    highPerHour: perHour,
    ...jobs,
  }),
]);

export type Workload = z.infer<typeof workloadSchema>;

/** A job that will arrive. @unit milliseconds */
export interface Arrival {
  readonly atMs: number;
  readonly durationMs: number;
  readonly fails: boolean;
  /** It is cancelled so long after it arrived. */
  readonly cancelAfterMs: number | undefined;
  readonly workload: Workload;
}

/** No workload has more: a typing error should not fill the memory. */
const mostArrivals = 1_000_000;
const dayMs = 86_400_000;

/** Every arrival of the workloads, in the order of time. The same random source gives the same ones. @throws RangeError when there are too many */
export function arrivalsOf(workloads: readonly Workload[], random: Random): Arrival[] {
  const arrivals: Arrival[] = [];
  for (const workload of workloads) {
    for (const atMs of timesOf(workload, random)) {
      if (arrivals.length >= mostArrivals) throw new RangeError(`more than ${mostArrivals} jobs`);
      const durationMs = lengthOf(workload.takes, random);
      arrivals.push({
        atMs,
        durationMs,
        fails: random() < workload.failing,
        cancelAfterMs: random() < workload.cancelled ? random() * 2 * durationMs : undefined,
        workload,
      });
    }
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

function* timesOf(workload: Workload, random: Random): Generator<number> {
  if (workload.shape === "burst") {
    for (let i = 0; i < workload.count; i++) yield workload.at;
    return;
  }
  // Arrivals at the highest rate, of which as many are kept as the rate of the moment asks for.
  const { highest, rateAt } = ratesOf(workload);
  if (highest <= 0) return;
  for (let ms = 0; ; ) {
    ms += (-Math.log(1 - random()) * 3_600_000) / highest;
    if (ms >= workload.for) return;
    if (random() * highest < rateAt(ms)) yield workload.at + ms;
  }
}

function ratesOf(workload: Exclude<Workload, { shape: "burst" }>): { highest: number; rateAt: (ms: number) => number } {
  if (workload.shape === "steady") return { highest: workload.perHour, rateAt: () => workload.perHour };
  if (workload.shape === "ramp") {
    const { fromPerHour, toPerHour } = workload;
    const rateAt = (ms: number): number => fromPerHour + ((toPerHour - fromPerHour) * ms) / workload.for;
    return { highest: Math.max(fromPerHour, toPerHour), rateAt };
  }
  const { lowPerHour, highPerHour } = workload;
  const rateAt = (ms: number): number =>
    lowPerHour + ((highPerHour - lowPerHour) * (1 - Math.cos((2 * Math.PI * ms) / dayMs))) / 2;
  return { highest: Math.max(lowPerHour, highPerHour), rateAt };
}

/** 99 of a hundred normal values are below this. */
const z99 = 2.326;

function lengthOf(takes: Workload["takes"], random: Random): number {
  if (typeof takes === "number") return takes;
  if ("min" in takes) return takes.min + random() * (takes.max - takes.min);
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return takes.median * Math.exp((Math.log(takes.p99 / takes.median) / z99) * normal);
}
