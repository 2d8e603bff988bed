import type { Clock, Random } from "../clock.js";
import { isScaleSetError } from "../errors.js";
import { backoffMs, jittered } from "../http/retry.js";
import type { Logger } from "../logger.js";
import type { GetMessageOptions, MessagesOptions, RunnerScaleSetMessage } from "../types.js";
import { Recognizer } from "./recognition.js";

export interface MessageSource {
  getMessage(options: GetMessageOptions): Promise<RunnerScaleSetMessage | undefined>;
}

/** The service holds a poll; an answer of nothing that comes sooner must not turn the loop into a storm. */
export const HURRIED_MS = 1_000;

/** Polls, and yields what comes. */
export async function* streamMessages(
  session: MessageSource,
  port: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  options: MessagesOptions,
): AsyncGenerator<RunnerScaleSetMessage, undefined, undefined> {
  const { maxCapacity, signal } = options;
  let lastMessageId = options.lastMessageId ?? 0;
  const recognizer = new Recognizer();
  let fruitless = 0;
  const pause = async (atLeastMs = 0): Promise<void> => {
    fruitless += 1;
    const waitMs = Math.max(atLeastMs, jittered(backoffMs(fruitless, 250, 30_000), port.random));
    await port.clock.sleep(waitMs, { signal });
  };
  while (!signal?.aborted) {
    try {
      const startedAt = port.clock.monotonic();
      const capacity = typeof maxCapacity === "function" ? maxCapacity() : maxCapacity;
      const message = await session.getMessage({ lastMessageId, maxCapacity: capacity, signal });
      if (message === undefined) {
        if (port.clock.monotonic() - startedAt < HURRIED_MS) await pause();
        else fruitless = 0;
        continue;
      }
      const again = recognizer.cameBefore(message);
      // A new message below the last one: the ids have restarted.
      if (!again || message.messageId > lastMessageId) lastMessageId = message.messageId;
      if (!again) fruitless = 0;
      yield message;
      if (again) await pause();
    } catch (error) {
      if (signal?.aborted) return undefined;
      if (!isScaleSetError(error) || !error.retryable) throw error;
      port.logger.debug({ err: error, fruitless }, "polling again");
      await pause(error.retryAfterMs).catch(() => {});
    }
  }
  return undefined;
}
