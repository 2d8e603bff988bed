import { after, type Context, noTimer } from "./context.js";
import { Refusal } from "./refusal.js";
import type { MessageRow, ScaleSetRow } from "./state.js";
import { statisticsOf } from "./statistics.js";

/** Puts what happened into messages: at most `maxJobMessages` in one, with the statistics of this moment. */
export function makeMessages(context: Context, set: ScaleSetRow): void {
  if (set.outbox.length === 0) return;
  if (context.now() < set.deafUntilMs) {
    set.outbox = [];
    return;
  }
  const { maxJobMessages, mergeUndelivered } = context.options;
  const statistics = statisticsOf(context, set);
  const waiting = [...set.outbox];
  set.outbox = [];
  const last = set.messages.get(set.lastMessageId);
  if (mergeUndelivered && last !== undefined && last.deliveries === 0) {
    last.jobMessages.push(...waiting.splice(0, maxJobMessages - last.jobMessages.length));
    last.statistics = statistics;
  }
  while (waiting.length > 0) {
    set.lastMessageId += 1;
    const message: MessageRow = {
      id: set.lastMessageId,
      jobMessages: waiting.splice(0, maxJobMessages),
      statistics,
      deliveries: 0,
      stopTimer: expiry(context, set, () => message),
    };
    set.messages.set(message.id, message);
    record(context, set, message.id, "made", `${message.jobMessages.length} job messages`);
  }
}

/** The lowest message not acknowledged with an id above `lastMessageId`, if there is one. Handing it out changes nothing. */
export function nextMessage(set: ScaleSetRow, lastMessageId: number): MessageRow | undefined {
  for (const message of set.messages.values()) {
    if (message.id > lastMessageId) return message;
  }
  return undefined;
}

/** Notes that a message is handed out, and answers it as it goes over the wire. */
export function deliver(
  context: Context,
  set: ScaleSetRow,
  { message, acquireJobUrl }: { readonly message: MessageRow; readonly acquireJobUrl: string },
): Record<string, unknown> {
  message.deliveries += 1;
  record(context, set, message.id, message.deliveries === 1 ? "delivered" : "redelivered", "a poll asked");
  return {
    messageId: message.id,
    messageType: "RunnerScaleSetJobMessages",
    body: bodyOf(message, acquireJobUrl),
    statistics: context.options.statisticsAt === "delivery" ? statisticsOf(context, set) : message.statistics,
  };
}

function expiry(context: Context, set: ScaleSetRow, message: () => MessageRow): () => void {
  const { messageTtlMs } = context.options;
  return messageTtlMs === undefined ? noTimer : after(context, messageTtlMs, () => expire(context, set, message()));
}

function expire(context: Context, set: ScaleSetRow, message: MessageRow): void {
  if (set.messages.get(message.id) !== message) return;
  message.stopTimer();
  set.messages.delete(message.id);
  record(context, set, message.id, "expired", "it waited in the queue for too long");
}

/** Every message that waits is dropped: nobody is told of it any more. Returns how many there were. */
export function expireMessages(context: Context, set: ScaleSetRow): number {
  const waiting = [...set.messages.values()];
  for (const message of waiting) expire(context, set, message);
  return waiting.length;
}

/** For so long, nothing that happens is put into a message. */
export function deafen(context: Context, set: ScaleSetRow, forMs: number): void {
  set.deafUntilMs = context.now() + forMs;
  context.journal.record({
    subject: "scale-set",
    event: "queue-deaf",
    cause: `its queue hears of nothing for ${forMs} ms`,
    scaleSetId: set.id,
  });
}

/** The queue is made again: what waits in it keeps its content, and ids count from 1 once more. */
export function restartMessageIds(context: Context, set: ScaleSetRow): void {
  const waiting = [...set.messages.values()];
  set.messages.clear();
  set.lastMessageId = 0;
  for (const message of waiting) {
    set.lastMessageId += 1;
    message.id = set.lastMessageId;
    set.messages.set(message.id, message);
  }
  context.touched.add(set);
  context.journal.record({
    subject: "scale-set",
    event: "queue-restarted",
    cause: "message ids count from 1 again",
    scaleSetId: set.id,
  });
}

/** Forgets a message. One that is unknown was acknowledged before: no harm [guess]. */
export function acknowledge(context: Context, set: ScaleSetRow, messageId: number): void {
  set.messages.get(messageId)?.stopTimer();
  if (set.messages.delete(messageId)) record(context, set, messageId, "acknowledged", "the client asked");
  else if (context.options.acknowledgeUnknown === "refuse") {
    throw new Refusal("NotFoundException", `There is no message ${messageId}.`);
  }
}

function bodyOf({ jobMessages }: MessageRow, acquireJobUrl: string): string {
  const text = JSON.stringify(
    jobMessages.map((job) => (job.messageType === "JobAvailable" ? { ...job, acquireJobUrl } : job)),
  );
  // 64-bit ids are kept as digits, since a JavaScript number would lose some; on the wire they are bare numbers.
  return text.replace(/"(runnerRequestId|workflowRunId)":"(\d+)"/g, '"$1":$2');
}

function record(context: Context, set: ScaleSetRow, messageId: number, event: string, cause: string): void {
  context.journal.record({ subject: "message", event, cause, messageId, scaleSetId: set.id });
}
