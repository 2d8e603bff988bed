import { type LinkedController, linkedController } from "./abortable.js";

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
    const controller = linkedController(signal);
    if (this.#ended !== undefined) controller.abort(this.#ended.reason);
    this.#open.add(controller);
    return {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      [Symbol.dispose]: () => {
        this.#open.delete(controller);
        controller[Symbol.dispose]();
      },
    };
  }

  end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const controller of this.#open) controller.abort(this.#ended.reason);
  }
}
