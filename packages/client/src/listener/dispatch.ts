import type { RunnerScaleSetMessage } from "../types.js";
import type { ListenerHandler, MessageContext } from "./handler.js";

/** What a handler answered. */
export interface Handled {
  /** The ids of the available jobs that it chose. */
  readonly acquire: readonly string[];
  /** Those that it left to the listener. */
  readonly offered: readonly string[];
  /** Those that it does not want. */
  readonly declined: readonly string[];
  /** How many runners it wants, if it said so. */
  readonly desiredCount: number | undefined;
  /** Whether it was shown the message's statistics. */
  readonly read: boolean;
}

/** Calls the handler's parts one after the other. */
export async function dispatch(
  handler: ListenerHandler,
  message: RunnerScaleSetMessage,
  context: MessageContext,
): Promise<Handled> {
  const chosen = await handler.onMessage?.(message, context);
  // Those of a redelivered message may be old; but when handling failed, they were not taken in yet.
  const read = message.statistics !== undefined && (!context.redelivered || context.attempt > 1);
  const desired = read
    ? await handler.onStatistics?.(message.statistics, { ...context, messageId: message.messageId })
    : undefined;
  const declined = new Set<string>();
  for (const job of message.jobs) {
    switch (job.messageType) {
      case "JobAvailable":
        if ((await handler.onJobAvailable?.(job, context)) === false) declined.add(job.runnerRequestId);
        break;
      case "JobAssigned":
        await handler.onJobAssigned?.(job, context);
        break;
      case "JobStarted":
        await handler.onJobStarted?.(job, context);
        break;
      case "JobCompleted":
        await handler.onJobCompleted?.(job, context);
        break;
      case "unknown":
        break;
    }
  }
  const all = availableIds(message);
  const decides = chosen?.acquire !== undefined || handler.onJobAvailable !== undefined;
  const acquire = decides ? (chosen?.acquire ?? all).filter((id) => !declined.has(id)) : [];
  const left = decides ? all.filter((id) => !acquire.includes(id)) : [];
  return { acquire, offered: decides ? [] : all, declined: left, desiredCount: desired ?? undefined, read };
}

/** Every job of a message that can be acquired, once. */
export function availableIds(message: RunnerScaleSetMessage): readonly string[] {
  const ids = message.jobs.map((job) => (job.messageType === "JobAvailable" ? job.runnerRequestId : undefined));
  return [...new Set(ids.filter((id) => id !== undefined))];
}
