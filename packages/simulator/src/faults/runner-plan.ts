import { z } from "zod";
import { behaviourSchema, type RunnerBehaviour } from "../runner/behaviour.js";
import type { RunnerInput } from "../service/runners.js";
import type { Random } from "../time/random.js";

/** How some of the runners misbehave that are registered from now on. */
export interface RunnerPlan {
  /** Share of them, from 0 to 1. @default 1 */
  readonly share?: number | undefined;
  /** The first so many. @default without limit */
  readonly count?: number | undefined;
  readonly behaviour: RunnerBehaviour;
}

export const runnerPlanSchema = z.strictObject({
  share: z.number().positive().max(1).optional(),
  count: z.int().min(1).optional(),
  behaviour: behaviourSchema,
});

/** Decides for each registration whether its runner misbehaves. Of several plans the first that applies does. */
export class RunnerPlans {
  readonly #rows: { readonly plan: RunnerPlan; left: number }[] = [];
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Takes the place of all plans so far. @throws TypeError when one is not valid */
  replace(plans: readonly RunnerPlan[], random: Random = this.#random): void {
    const checked = z.array(runnerPlanSchema).safeParse(plans);
    if (!checked.success) throw new TypeError(`not a behaviour of runners: ${z.prettifyError(checked.error)}`);
    this.#random = random;
    this.#rows.splice(
      0,
      Infinity,
      ...checked.data.map((plan) => ({ plan, left: plan.count ?? Number.POSITIVE_INFINITY })),
    );
  }

  /** What the next registration gets besides its name. */
  next(): Omit<RunnerInput, "name"> {
    for (const row of this.#rows) {
      if (row.left <= 0 || this.#random() >= (row.plan.share ?? 1)) continue;
      row.left -= 1;
      const { behaviour } = row.plan;
      return {
        behaviour: JSON.stringify(behaviour),
        droppedAfterMs: behaviour.registrationDroppedAfterMs,
        dies: behaviour.crashAfterMs !== undefined,
      };
    }
    return {};
  }
}
