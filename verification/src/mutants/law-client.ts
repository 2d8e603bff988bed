import { clientGround, serviceGround } from "./grounds.js";
import { type Mutant, mutantsOf } from "./mutant.js";

const client = mutantsOf(clientGround);
const service = mutantsOf(serviceGround);

/** Rules of the listener that the second edition of the law added or changed. */
export const lawClientMutants: readonly Mutant[] = [
  client(
    "acquired up to a capacity that is not announced yet",
    "listener/poller.ts",
    "return Math.min(this.#capacity, this.#announced);",
    "return this.#capacity;",
  ),
  client(
    "a failed acknowledgement passes the cursor",
    "listener/delivery.ts",
    'const failed = this.#failedCall(messageId, "acknowledge-failed", error, scope);\n      if (failed !== undefined) return failed;',
    'const failed = this.#failedCall(messageId, "acknowledge-failed", error, scope);\n      this.#cursor.pass(messageId);\n      if (failed !== undefined) return failed;',
  ),
  client(
    "acknowledged although acquire failed",
    "listener/delivery.ts",
    "if (failed !== undefined) return failed;\n      this.#cursor.settle(messageId);",
    'if (failed?.kind === "lost") return failed;\n      this.#cursor.settle(messageId);',
  ),
  client(
    "a lower id than the last is a redelivery",
    "listener/cursor.ts",
    "return { redelivered: false, settled: false, attempt: failures + 1 };",
    "return { redelivered: messageId <= this.#lastMessageId, settled: false, attempt: failures + 1 };",
  ),
  client(
    "the cursor never moves down",
    "listener/cursor.ts",
    "if (known?.passed !== true || messageId > this.#lastMessageId) this.#lastMessageId = messageId;",
    "this.#lastMessageId = Math.max(this.#lastMessageId, messageId);",
  ),
  client(
    "recognized by id alone",
    "listener/cursor.ts",
    "return known.content === content ? known : undefined;",
    "return known;",
  ),
  client(
    "an unreadable body is settled by its id",
    "listener/cursor.ts",
    "const done = settled && (content !== undefined || known.content === undefined);",
    "const done = settled;",
  ),
  client(
    "a restarted cursor is lost with the message under way",
    "listener/cursor.ts",
    "if (this.#restarting) this.#lastMessageId = 0;",
    "",
  ),
  client(
    "a refresh that fails for good waits for the poll",
    "session/message-session.ts",
    "this.#lifetime.end(error);\n    tell(",
    "tell(",
  ),
  client(
    "a lost session is reported when its handler is done",
    "listener/opener.ts",
    "onLost: (error) => ended.abort(error),",
    "onLost: () => {},",
  ),
  client("a poll stays where the queue was", "session/message-session.ts", "polls.end(MOVED);", ""),
  client(
    "a 401 that another refresh caused ends the session",
    "session/message-session.ts",
    "if (refreshed && !shared) throw error;",
    "if (refreshed) throw error;",
  ),
  client(
    "a poll that a refresh ended is a failure",
    "listener/session-loop.ts",
    'return session.refreshing || this.#context.refreshedAt > polled.startedAt ? "interrupted" : "hurried";',
    'return "hurried";',
  ),
  client(
    "a held poll that was cut off is a failure",
    "listener/session-loop.ts",
    'if (heldMs >= this.#context.timings.pollHeldMs && isCutOff(error)) return "cut";',
    "",
  ),
  client(
    "any poll that was cut off is none",
    "listener/session-loop.ts",
    "if (heldMs >= this.#context.timings.pollHeldMs && isCutOff(error))",
    "if (isCutOff(error))",
  ),
  client(
    "no pause between polls without a message",
    "listener/poller.ts",
    "this.#notBefore = startedAt + timings.pollIntervalMs;",
    "",
  ),
  client(
    "a lowered capacity always waits",
    "listener/poller.ts",
    "if (capacity < running.capacity && lowerAtOnce) this.#lowerAtOnce = true;",
    "",
  ),
  client(
    "a flapping capacity polls each time",
    "listener/poller.ts",
    "const at = Math.max(now + spreadMs, this.#interruptedAt + timings.capacityRaiseMs);",
    "const at = now + spreadMs;",
  ),
  client(
    "polls go on while they are off",
    "listener/session-loop.ts",
    "if (!this.#poller.polling) {",
    "if (generation < 0) {",
  ),
  client(
    "the poll is held while polling is off",
    "listener/poller.ts",
    "else this.#running?.controller.abort(this.#interruption);",
    "",
  ),
  client(
    "reclaim where another owner holds the session",
    "listener/reclaim.ts",
    "(holder !== undefined && holder !== owner)",
    'holder === ""',
  ),
  client("reclaim of another scale set's session", "listener/reclaim.ts", "recorded.scaleSetId !== scaleSetId || ", ""),
  client(
    "reclaim before opening",
    "listener/opener.ts",
    "const opened = await this.#openOrUndo(scaleSetId, signal);",
    'await this.#reclaim.closeAfter(new ScaleSetError("SESSION_CONFLICT", "", { operation: "listen" }), scaleSetId, signal);\n    const opened = await this.#openOrUndo(scaleSetId, signal);',
  ),
  client("an id of any form is reclaimed", "listener/reclaim.ts", "UUID.test(recorded.sessionId) && ", "", {
    worlds: { none: "records of a world are never damaged" },
  }),
  client(
    "the opening after a reclaim waits for its turn",
    "listener/opener.ts",
    "counted = false;",
    "counted = true;",
    { worlds: { none: "a world's few openings never use up the attempts of a second" } },
  ),
  client("all that is offered is acquired", "listener/offers.ts", "if (ids.length >= room) break;", ""),
  client(
    "grants take no room",
    "listener/offers.ts",
    "this.#taken - this.#granted.size - this.#asked.size",
    "this.#taken - this.#asked.size",
  ),
  client(
    "statistics older than a grant count it",
    "listener/offers.ts",
    "const counted = sentAt ?? now - COUNTED_AFTER_MS;",
    "const counted = sentAt ?? now;",
  ),
  client(
    "a raised capacity acquires nothing that was kept",
    "listener/listener.ts",
    "options.lowerAtOnce ?? false);\n    if (this.#scope !== undefined) this.#acquirer.acquireKept(this.#scope);",
    "options.lowerAtOnce ?? false);",
  ),
  client("kept jobs are lost when acquiring them fails", "listener/offers.ts", "this.keep(asked);", ""),
  client(
    "acquirable jobs are never listed",
    "listener/acquirer.ts",
    "if (listed && (this.offers.available > 0 || this.offers.waiting))",
    "if (listed && this.offers.available < 0)",
  ),
  client(
    "jobs are acquired without polling",
    "listener/acquirer.ts",
    "return this.#poller.polling ? this.#poller.accepted : 0;",
    "return this.#poller.accepted;",
  ),
  client(
    "kept jobs grow without end",
    "listener/offers.ts",
    "if (this.#kept.size < MOST) this.#kept.add(id);",
    "this.#kept.add(id);",
    { worlds: { none: "a world has fewer jobs than are kept" } },
  ),
  client(
    "offered jobs are acquired beyond what is announced",
    "listener/offers.ts",
    "if (ids.length >= room) break;",
    "if (ids.length >= room + 2) break;",
  ),
  client(
    "a job that is gone keeps its room until the next message",
    "listener/acquirer.ts",
    "for (let ids = first; ids.length > 0; ids = this.offers.take(this.#capacity())) {",
    "for (let ids = first; ids.length > 0; ids = []) {",
  ),
  client("each kept job that is gone costs a request", "listener/acquirer.ts", "await this.#dropGone(scope);", ""),
  client(
    "a message does not wait for what is asked for already",
    "listener/acquirer.ts",
    'await this.#running.get("acquire");\n',
    "",
  ),
  client(
    "statistics of the scale set are not read for offers",
    "listener/listener.ts",
    "if (!scope.signal.aborted) this.#acquirer.read(statistics, sentAt, scope);",
    "",
  ),
  client(
    "an asked reading does not count what it acquired",
    "listener/listener.ts",
    "return this.#acquirer.granted === granted ? first : await this.#freshStatistics(options);",
    "return first;",
  ),
  service(
    "a message whose handling failed is taken for handled",
    "client-adapter.ts",
    "const redelivered = again && attempt === 1;",
    "const redelivered = again && attempt > 0;",
  ),
];
