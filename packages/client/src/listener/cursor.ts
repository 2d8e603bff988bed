/** What is known about a message that was just received. */
export interface Delivery {
  /** It came before. */
  readonly redelivered: boolean;
  /** Handled whole the last time; only its acknowledgement is missing. */
  readonly settled: boolean;
  /** 1 at first; more when handling it failed before. */
  readonly attempt: number;
}

/** Enough to recognise what can still come again; the queue answers the lowest unacknowledged one first. */
const REMEMBERED = 256;

/**
 * Where a listener is in the queue of one scale set: the last message that is done with, what came before, and how often
 * handling each failed. Pure: no clock, no I/O.
 */
export class Cursor {
  #lastMessageId = 0;
  #restarting = false;
  #highestSeen = 0;
  readonly #failures = new Map<number, number>();
  readonly #settled = new Set<number>();
  /** What the newest messages held: an id that comes back with other content is another message. */
  readonly #contents = new Map<number, string>();

  /** Only later messages are asked for. */
  get lastMessageId(): number {
    return this.#lastMessageId;
  }

  /** @param content - what tells this message from another one that was given the same id */
  receive(messageId: number, content = ""): Delivery {
    const known = this.#contents.get(messageId) ?? "";
    if (content !== "") this.#contents.set(messageId, content);
    forgetOldest(this.#contents);
    // A body that could not be read tells nothing: its attempts count on.
    if (known !== "" && content !== "" && known !== content) {
      this.#failures.delete(messageId);
      this.#settled.delete(messageId);
      return { redelivered: false, settled: false, attempt: 1 };
    }
    const settled = this.#settled.has(messageId);
    const redelivered = settled || this.#failures.has(messageId) || messageId <= this.#highestSeen;
    this.#highestSeen = Math.max(this.#highestSeen, messageId);
    return { redelivered, settled, attempt: (this.#failures.get(messageId) ?? 0) + 1 };
  }

  /** Handling it failed; the cursor stays. Answers how often by now. */
  failed(messageId: number): number {
    const failures = (this.#failures.get(messageId) ?? 0) + 1;
    this.#failures.set(messageId, failures);
    forgetOldest(this.#failures);
    return failures;
  }

  /** Handled whole: when it comes again, it only wants acknowledging. */
  settle(messageId: number): void {
    this.#failures.delete(messageId);
    this.#settled.add(messageId);
    forgetOldest(this.#settled);
  }

  /** Done with: never asked for again. */
  pass(messageId: number): void {
    this.#lastMessageId = Math.max(this.#lastMessageId, messageId);
  }

  /** The next poll asks for the lowest message of the queue: its ids may have restarted. */
  restart(): void {
    this.#restarting = true;
  }

  /** What the poll that begins now names. */
  beginPoll(): number {
    if (this.#restarting) this.#lastMessageId = 0;
    this.#restarting = false;
    return this.#lastMessageId;
  }

  /** A new scale set counts from 1 (F4). */
  reset(): void {
    this.#lastMessageId = 0;
    this.#highestSeen = 0;
    this.#failures.clear();
    this.#settled.clear();
    this.#contents.clear();
  }
}

function forgetOldest(ids: { readonly size: number; keys(): Iterable<number>; delete(id: number): boolean }): void {
  if (ids.size <= REMEMBERED) return;
  for (const oldest of ids.keys()) {
    ids.delete(oldest);
    return;
  }
}
