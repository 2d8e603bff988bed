import { z } from "zod";
import { durationSchema } from "../time/duration.js";

/** Ways in which a runner misbehaves, all off by default. @unit milliseconds, or words like `90s` from a file */
export interface RunnerBehaviour {
  /** Waits before it comes online (F6). */
  readonly startDelayMs?: number | undefined;
  /** Runs, but never comes online (F6). */
  readonly neverOnline?: boolean | undefined;
  /** Exits after this time online without a job, leaving its registration behind. */
  readonly exitIdleAfterMs?: number | undefined;
  /** Finds itself too old as soon as it is online: exit code 7 (F19). */
  readonly outdated?: boolean | undefined;
  /** Dies so long after it took its job, and says nothing more. */
  readonly crashAfterMs?: number | undefined;
  /** Goes on running after its job was reported done (F8). */
  readonly lingerMs?: number | undefined;
  /** The service drops its registration so long after it came online (F6). Done by the service, not by the runner. */
  readonly registrationDroppedAfterMs?: number | undefined;
  /** Goes on living, without polling, when the service says that its registration is gone (actions/runner#4617). */
  readonly outlivesRegistration?: boolean | undefined;
  /** Its JIT config is used twice at once: a second runner fights with it for the session. */
  readonly usedTwice?: boolean | undefined;
}

export const behaviourSchema = z.strictObject({
  startDelayMs: durationSchema.optional(),
  neverOnline: z.boolean().optional(),
  exitIdleAfterMs: durationSchema.optional(),
  outdated: z.boolean().optional(),
  crashAfterMs: durationSchema.optional(),
  lingerMs: durationSchema.optional(),
  registrationDroppedAfterMs: durationSchema.optional(),
  outlivesRegistration: z.boolean().optional(),
  usedTwice: z.boolean().optional(),
}) satisfies z.ZodType<RunnerBehaviour>;

/** Reads a behaviour from the environment or a JIT config. @throws Error saying what is wrong with it */
export function readBehaviour(text: string, where: string): RunnerBehaviour {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${where} is no JSON`);
  }
  const checked = behaviourSchema.safeParse(value);
  if (!checked.success) throw new Error(`${where}: ${z.prettifyError(checked.error)}`);
  return checked.data;
}
