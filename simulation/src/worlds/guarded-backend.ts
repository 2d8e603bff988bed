import type { Backend } from "@scaleset/autoscaler/provisioner";
import type { MemoryBackend } from "@scaleset/autoscaler/testing";

export interface BackendHooks {
  /** A call that changes something begins. */
  began(call: { readonly operation: "create" | "start" | "destroy"; readonly name: string }): void;
  /** A moment in which the daemon may die. */
  moment(): void;
  /** How much longer than usual a destroy takes. @unit milliseconds */
  destroyDelayMs(): number;
}

/** A daemon's view of a host, with somebody watching. */
export function guardedBackend(backend: MemoryBackend, hooks: BackendHooks): Backend {
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    const answered = call();
    // Watched from here on, also where the daemon dies before it looks.
    answered.catch(() => {});
    hooks.moment();
    const answer = await answered;
    hooks.moment();
    return answer;
  };
  return {
    capabilities: backend.capabilities,
    check: (options) => backend.check(options),
    create: (spec, options) => {
      hooks.began({ operation: "create", name: spec.name });
      return around(() => backend.create(spec, options));
    },
    start: (name, jitConfig, options) => {
      hooks.began({ operation: "start", name });
      return around(() => backend.start(name, jitConfig, options));
    },
    destroy: (name, options) => {
      hooks.began({ operation: "destroy", name });
      return around(async () => {
        const delayMs = hooks.destroyDelayMs();
        if (delayMs > 0) await backend.host.clock.sleep(delayMs, { signal: options.signal });
        await backend.destroy(name, options);
      });
    },
    list: (options) => around(() => backend.list(options)),
    watch: (options) => backend.watch(options),
    logs: (name, options) => backend.logs(name, options),
    close: () => backend.close(),
  };
}
