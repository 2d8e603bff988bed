import { LinkedController } from "./abortable.js";

/**
 * Ends all that is under way when something is closed. A set of its own instead of one signal that everything listens to:
 * a thousand listeners on one signal are a warning on Node, and slow.
 */
export class Lifetime {
  readonly #open = new Set<LinkedController>();
  #ended: { readonly reason: unknown } | undefined;

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** A controller that aborts with the given signal, or when this ends. Dispose it when the work is done. */
  link(signal?: AbortSignal): LinkedController {
    const link = new Link(this.#open, signal);
    if (this.#ended !== undefined) link.abort(this.#ended.reason);
    return link;
  }

  end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const link of this.#open) link.abort(this.#ended.reason);
  }
}

class Link extends LinkedController {
  readonly #open: Set<LinkedController>;

  constructor(open: Set<LinkedController>, signal: AbortSignal | undefined) {
    super(signal);
    this.#open = open;
    open.add(this);
  }

  override [Symbol.dispose](): void {
    this.#open.delete(this);
    super[Symbol.dispose]();
  }
}
