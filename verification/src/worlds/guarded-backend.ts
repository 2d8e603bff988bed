import type { Backend, InstanceEvent } from "@scaleset/provisioner";
import type { MemoryBackend } from "@scaleset/provisioner/testing";
import type { ProcessPause } from "./process-clock.js";

export interface BackendHooks {
  /** A call that changes something begins. */
  began(call: { readonly operation: "create" | "start" | "destroy"; readonly name: string }): void;
  /** It came to its end, or failed. Not called where nothing more comes of it. */
  ended?(call: { readonly operation: "create" | "start" | "destroy"; readonly name: string }, error: unknown): void;
  /** A whole list has reached the daemon. @param begunMs when the daemon asked, by the host's clock */
  listed?(names: ReadonlySet<string>, begunMs: number): void;
  /** A JIT config is handed to the backend. */
  jitHandedOver?(name: string, jitConfig: object): void;
  /** Whether the daemon lives: what a dead one does counts no more. */
  alive(): boolean;
  /** A moment in which the daemon may die. */
  moment(): void;
  /** Whether the daemon's process is paused: it learns of answers and events afterwards. */
  readonly pause: ProcessPause;
  /** How much longer than usual a destroy takes. @unit milliseconds */
  destroyDelayMs(): number;
}

/** A daemon's view of a host, with somebody watching. */
export function guardedBackend(backend: MemoryBackend, hooks: BackendHooks): Backend {
  const around = async <T>(
    call: () => Promise<T>,
    began?: { readonly operation: "create" | "start" | "destroy"; readonly name: string },
  ): Promise<T> => {
    if (!hooks.alive()) return await new Promise<never>(() => {});
    if (began !== undefined) hooks.began(began);
    const answered = call();
    // Watched from here on, also where the daemon dies before it looks.
    answered.catch(() => {});
    hooks.moment();
    const learnt = async (error: unknown): Promise<void> => {
      if (hooks.pause.kind !== undefined) await hooks.pause.over();
      if (began !== undefined && hooks.alive()) hooks.ended?.(began, error);
      hooks.moment();
    };
    let answer: T;
    try {
      answer = await answered;
    } catch (error) {
      await learnt(error);
      throw error;
    }
    await learnt(undefined);
    return answer;
  };
  return {
    capabilities: backend.capabilities,
    check: (options) => around(() => backend.check(options)),
    create: (spec, options) => around(() => backend.create(spec, options), { operation: "create", name: spec.name }),
    start: (name, jitConfig, options) => {
      hooks.jitHandedOver?.(name, jitConfig);
      return around(() => backend.start(name, jitConfig, options), { operation: "start", name });
    },
    destroy: (name, options) =>
      around(
        async () => {
          const delayMs = hooks.destroyDelayMs();
          if (delayMs > 0) await backend.host.clock.sleep(delayMs, { signal: options.signal });
          if (!hooks.alive()) return await new Promise<never>(() => {});
          await backend.destroy(name, options);
        },
        { operation: "destroy", name },
      ),
    list: async (options) => {
      const begunMs = backend.host.clock.monotonic();
      const instances = await around(() => backend.list(options));
      if (hooks.alive()) hooks.listed?.(new Set(instances.map(({ name }) => name)), begunMs);
      return instances;
    },
    watch: (options) => readBy(hooks.pause, backend.watch(options)),
    logs: (name, options) => backend.logs(name, options),
    close: () => backend.close(),
  };
}

/** Events as a process reads them that is paused now and then. */
function readBy(pause: ProcessPause, events: AsyncIterable<InstanceEvent>): AsyncIterable<InstanceEvent> {
  const inner = events[Symbol.asyncIterator]();
  const iterator: AsyncIterableIterator<InstanceEvent> = {
    next: async () => {
      const next = await inner.next();
      if (pause.kind !== undefined) await pause.over();
      return next;
    },
    return: async (value) => (await inner.return?.(value)) ?? { done: true, value: undefined },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
