import { forgetOldest } from "../session/recognition.js";

/** What is known about a message that was just received. */
export interface Delivery {
  /** It is recognized: it came before, and the handler saw it. */
  readonly redelivered: boolean;
  /** Handled whole the last time; only its acknowledgement is missing. */
  readonly settled: boolean;
  /** 1 at first; more when handling it failed before. */
  readonly attempt: number;
}

interface Known {
  /** Undefined while its body could not be read. */
  content: string | undefined;
  handled: boolean;
  settled: boolean;
  passed: boolean;
  failures: number;
}

/**
 * Where a listener is in the queue of one scale set: the last message that is done with, what came before, and how often
 * handling each failed. A message is recognized by id and content, never by an id below the last one: after an incident ids
 * may restart. Pure: no clock, no I/O.
 */
export class Cursor {
  #lastMessageId = 0;
  #restarting = false;
  readonly #known = new Map<number, Known>();

  /** Only later messages are asked for. */
  get lastMessageId(): number {
    return this.#lastMessageId;
  }

  /** @param content - what identifies this message besides its id; undefined when its body can't be read */
  receive(messageId: number, content: string | undefined): Delivery {
    const known = this.#recognized(messageId, content);
    if (known === undefined) {
      const { failures } = this.#remember(messageId, content);
      return { redelivered: false, settled: false, attempt: failures + 1 };
    }
    known.content ??= content;
    const { handled, settled, failures } = known;
    // A body that can't be read may be another message with an old id: only what was given up unread is done with.
    const done = settled && (content !== undefined || known.content === undefined);
    return { redelivered: handled || settled || failures > 0, settled: done, attempt: failures + 1 };
  }

  /** Its handler saw it whole. */
  handled(messageId: number): void {
    const known = this.#known.get(messageId);
    if (known !== undefined) known.handled = true;
  }

  /** Handling it failed; the cursor stays. Answers how often by now. */
  failed(messageId: number): number {
    const known = this.#known.get(messageId) ?? this.#remember(messageId, undefined);
    known.failures += 1;
    return known.failures;
  }

  /** Handled whole: when it comes again, it only wants acknowledging. */
  settle(messageId: number): void {
    const known = this.#known.get(messageId) ?? this.#remember(messageId, undefined);
    known.failures = 0;
    known.settled = true;
  }

  /** Acknowledged: never asked for again. A new message moves the cursor also down, to where the queue restarted. */
  pass(messageId: number): void {
    const known = this.#known.get(messageId);
    if (known?.passed !== true || messageId > this.#lastMessageId) this.#lastMessageId = messageId;
    if (known !== undefined) known.passed = true;
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
    this.#known.clear();
  }

  #recognized(messageId: number, content: string | undefined): Known | undefined {
    const known = this.#known.get(messageId);
    if (known === undefined || content === undefined) return known;
    // Given up unread, it can be read now.
    if (known.content === undefined) return known.settled ? undefined : known;
    return known.content === content ? known : undefined;
  }

  #remember(messageId: number, content: string | undefined): Known {
    const before = this.#known.get(messageId);
    // Statistics may be newer each time: without this a message that has no jobs and always fails would never be given up.
    const failures = before === undefined || before.settled ? 0 : before.failures;
    const known = { content, handled: false, settled: false, passed: false, failures };
    this.#known.delete(messageId);
    this.#known.set(messageId, known);
    forgetOldest(this.#known);
    return known;
  }
}
