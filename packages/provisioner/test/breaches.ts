import type { ContractTestName } from "@scaleset/provisioner/testing";
import { type Backend, BackendError } from "../src/contract.js";

/** A rule, the test that must catch its breach, and a backend that breaks it. */
export const breaches: [string, ContractTestName, (backend: Backend) => Partial<Backend>][] = [
  [
    "labels come back",
    "list/whole",
    (backend) => ({
      list: async (options) =>
        (await backend.list(options)).map((each) => ({ ...each, labels: { ...each.labels, owner: "me" } })),
    }),
  ],
  ["list is whole", "list/whole", (backend) => ({ list: async (options) => (await backend.list(options)).slice(1) })],
  [
    "create is idempotent",
    "create/idempotent",
    (backend) => {
      const made = new Set<string>();
      return {
        create: async (spec, options) => {
          if (made.has(spec.name)) throw new BackendError("rejected", "it exists");
          made.add(spec.name);
          return await backend.create(spec, options);
        },
      };
    },
  ],
  [
    "a created instance is inert",
    "create/inert",
    (backend) => ({
      create: async (spec, options) => {
        const made = await backend.create(spec, options);
        await backend.start(spec.name, { reveal: () => "contract.x.work.0" }, options);
        return made;
      },
    }),
  ],
  [
    "start on a started one does nothing",
    "start/once",
    (backend) => {
      const started = new Set<string>();
      return {
        start: async (name, jitConfig, options) => {
          if (started.has(name)) throw new BackendError("gone", "it was started");
          started.add(name);
          await backend.start(name, jitConfig, options);
        },
      };
    },
  ],
  [
    "start runs at most one runner",
    "start/concurrent",
    (backend) => {
      const starts = new Map<string, number>();
      return {
        start: async (name, jitConfig, options) => {
          starts.set(name, (starts.get(name) ?? 0) + 1);
          await backend.start(name, jitConfig, options);
        },
        logs: async (name, options) => ((await backend.logs?.(name, options)) ?? "").repeat(starts.get(name) ?? 1),
      };
    },
  ],
  [
    "start on a missing one is gone",
    "start/missing",
    (backend) => ({
      start: async (name, jitConfig, options) => {
        await backend.start(name, jitConfig, options).catch(() => {});
      },
    }),
  ],
  [
    "start on an exited one is gone",
    "start/exited",
    (backend) => ({
      start: async (name, jitConfig, options) => {
        await backend.start(name, jitConfig, options).catch(() => {});
      },
    }),
  ],
  [
    "the JIT config arrives whole",
    "start/whole-jit-config",
    (backend) => ({
      start: (name, jitConfig, options) =>
        backend.start(name, { reveal: () => jitConfig.reveal().replace(/\+.*=/, "") }, options),
    }),
  ],
  [
    "exit codes are told",
    "start/exit-code",
    (backend) => ({
      list: async (options) =>
        (await backend.list(options)).map((each) => (each.state === "exited" ? { ...each, exitCode: 0 } : each)),
    }),
  ],
  [
    "no JIT config is shown",
    "list/no-secret",
    (backend) => {
      const configs = new Map<string, string>();
      return {
        start: async (name, jitConfig, options) => {
          configs.set(name, jitConfig.reveal());
          await backend.start(name, jitConfig, options);
        },
        list: async (options) =>
          (await backend.list(options)).map((each) => ({ ...each, exitReason: `ran ${configs.get(each.name)}` })),
      };
    },
  ],
  [
    "destroy is idempotent",
    "destroy/created",
    (backend) => ({
      destroy: async (name, options) => {
        const there = (await backend.list(options)).some((each) => each.name === name);
        if (!there) throw new BackendError("gone", "it is not there");
        await backend.destroy(name, options);
      },
    }),
  ],
  [
    "destroy does not wait longer than needed",
    "destroy/polite",
    (backend) => ({
      destroy: async (name, options) => {
        if (options.graceMs > 1_000_000) await new Promise(() => {});
        await backend.destroy(name, options);
      },
    }),
  ],
  [
    "destroy asks first",
    "destroy/asks-first",
    (backend) => ({
      destroy: (name, options) => backend.destroy(name, { ...options, graceMs: 0 }),
    }),
  ],
  [
    "destroy forces",
    "destroy/forced",
    (backend) => ({
      destroy: (name, options) => backend.destroy(name, { ...options, graceMs: options.graceMs * 100 }),
    }),
  ],
  ["destroy leaves nothing in the list", "destroy/exited", () => ({ destroy: async () => {} })],
  [
    "an aborted signal stops a call",
    "signal/aborted",
    (backend) => ({
      list: () => backend.list({ signal: new AbortController().signal }),
    }),
  ],
  [
    "the signal's own reason comes back",
    "signal/under-way",
    (backend) => ({
      destroy: async (name, options) => {
        await backend.destroy(name, options).catch(() => {
          throw new BackendError("transient", "aborted");
        });
      },
    }),
  ],
  [
    "watch tells of an exit",
    "watch/exit",
    (backend) => ({
      watch: async function* (options) {
        for await (const event of backend.watch(options)) if (event.type === "gone") yield event;
      },
    }),
  ],
  [
    "watch ends quietly",
    "watch/quiet-end",
    (backend) => ({
      watch: async function* ({ signal }) {
        yield* backend.watch({ signal });
        signal.throwIfAborted();
      },
    }),
  ],
  ["watch ends with the backend", "watch/close", (backend) => ({ close: () => Promise.resolve(void backend) })],
  [
    "the next daemon finds everything",
    "reopen/finds",
    (backend) => {
      const made = new Set<string>();
      return {
        create: async (spec, options) => {
          made.add(spec.name);
          return await backend.create(spec, options);
        },
        list: async (options) => (await backend.list(options)).filter((each) => made.has(each.name)),
      };
    },
  ],
  [
    "logs are the last bytes",
    "logs/tail",
    (backend) => ({
      logs: async (name, options) => (await backend.logs?.(name, { ...options, tailBytes: 1_000 })) ?? "",
    }),
  ],
  [
    "check finds no error where all is well",
    "check/quiet",
    () => ({
      check: async () => [{ level: "error" as const, message: "no" }],
    }),
  ],
];
