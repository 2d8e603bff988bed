import type { Clock } from "../time/clock.js";
import type { Random } from "../time/random.js";
import type { RunnerBehaviour } from "./behaviour.js";
import { type Answer, NotRegistered, type RunnerConnection, runnerVersion } from "./connection.js";
import type { Conclusion, JobRequest } from "./job-request.js";

/** Does what a job says. It stops soon after the signal aborts, and then answers `canceled`. */
export type Worker = (job: JobRequest, options: { readonly signal: AbortSignal }) => Promise<Conclusion>;

export interface ListenerOptions {
  readonly connection: RunnerConnection;
  readonly worker: Worker;
  /** Sends what the job printed, before it is reported done. @default nothing is sent */
  readonly sendLogs?: ((job: JobRequest, options: { readonly signal: AbortSignal }) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly behaviour: RunnerBehaviour;
  /** A polite request to end: idle = close the session; busy = stop the job and report it. */
  readonly stop: AbortSignal;
  /** The runner's death: everything ends at once, and nothing more is said to anybody. */
  readonly death: AbortSignal;
  /** Brings its own death about, as a crash does. */
  readonly crash: () => void;
  readonly log: (line: string) => void;
}

/** A long poll for messages. */
export function poll(
  connection: RunnerConnection,
  { sessionId, status, signal }: { sessionId: string; status: "Online" | "Busy"; signal: AbortSignal },
): Promise<Answer> {
  return connection.call("GET", `message?${messageQuery(sessionId, status)}`, { signal });
}

/** A failure that may pass counts as no answer; one that cannot is answered; the end of the runner goes on up. */
export function failed(error: unknown, signal: AbortSignal): NotRegistered | undefined {
  if (error instanceof NotRegistered) return error;
  if (signal.aborted) throw error;
  return undefined;
}

/** The query that polls and acknowledgements share. */
export function messageQuery(sessionId: string, status: string): string {
  const parameters = { sessionId, status, runnerVersion, os: "Linux", architecture: "X64", disableUpdate: "true" };
  return new URLSearchParams(parameters).toString();
}

/** Says goodbye; nobody minds if it is not heard. */
export async function closeSession({ connection, clock, death }: ListenerOptions): Promise<void> {
  using deadline = clock.deadline(30_000, { signal: death });
  await connection.call("DELETE", "session", { signal: deadline.signal }).catch(() => undefined);
}
