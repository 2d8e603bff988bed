import type { RunnerScaleSetMessage } from "../types.js";

/** Enough for every message that can still come again; the queue answers the lowest unacknowledged one first. */
const REMEMBERED = 256;

/**
 * What identifies a message besides its id, since a queue may restart its ids. Its jobs; statistics only without jobs, as
 * those of a redelivered message may be newer.
 */
export function contentOf({ jobs, statistics }: RunnerScaleSetMessage): string {
  if (jobs.length === 0) return `statistics ${JSON.stringify(statistics ?? null)}`;
  return JSON.stringify(
    jobs.map((job) => {
      if (job.messageType === "unknown") return [job.kind];
      const { messageType, jobId, runnerRequestId } = job;
      return [messageType, jobId, runnerRequestId, "runnerName" in job ? job.runnerName : ""];
    }),
  );
}

/** Recognizes messages that came before, by id and content. */
export class Recognizer {
  readonly #contents = new Map<number, string>();

  /** Whether this message came before; it is remembered from now on. */
  cameBefore(message: RunnerScaleSetMessage): boolean {
    const { messageId } = message;
    const content = contentOf(message);
    if (this.#contents.get(messageId) === content) return true;
    this.#contents.delete(messageId);
    this.#contents.set(messageId, content);
    forgetOldest(this.#contents);
    return false;
  }
}

export function forgetOldest(map: Map<number, unknown>): void {
  if (map.size <= REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
