import type { Fleet } from "./fleet.js";
import type { Plan } from "./plan.js";

/** One reason to act. Adds commands, reasons and wake-up times to the plan, and changes nothing. */
export type Rule = (fleet: Fleet, now: number, plan: Plan) => void;
