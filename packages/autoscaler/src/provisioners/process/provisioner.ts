import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defineProvisioner } from "../../ports/provisioner.js";
import { ProcessBackend } from "./backend.js";
import { JIT_CONFIG_VARIABLE } from "./environment.js";
import { toBackendError } from "./failures.js";
import { openProcessTable } from "./process-table.js";

/** Options of the `process` provisioner: exactly one of `folder` and `command`. */
export interface ProcessOptions {
  /** Folder of an unpacked actions runner. Each instance gets a clone of it and runs `./run.sh` there. */
  readonly folder?: string | undefined;
  /** Program and arguments, run in an empty folder of the instance's own. It finds its JIT config in its environment. */
  readonly command?: readonly string[] | undefined;
  /** Added to the runner's environment, which has `PATH`, `HOME`, `LANG`, `TZ`, `TMPDIR` of the daemon and no more. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runners as processes of this machine. They outlive the daemon; the next one finds them by their folders. */
export const processProvisioner = defineProvisioner<ProcessOptions>({
  kind: "process",
  options: (z) =>
    z
      .strictObject({
        folder: z.string().min(1).optional().describe("Folder of an unpacked actions runner, cloned for each instance"),
        command: z
          .array(z.string())
          .min(1)
          .refine(([program]) => program !== undefined && program !== "", "the first entry is the program to run")
          .optional()
          .describe("Program and arguments to run in place of an actions runner's run.sh"),
        env: z
          .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "not a name of an environment variable"), z.string())
          .default({})
          .refine((env) => !(JIT_CONFIG_VARIABLE in env), `${JIT_CONFIG_VARIABLE} is set for each runner, not here`)
          .describe("Added to the runner's environment"),
      })
      .refine(
        (options) => (options.folder === undefined) !== (options.command === undefined),
        'give either "folder" (of an unpacked actions runner) or "command" (any program), one of the two',
      ),
  open: async (options, context) => {
    const { baseFolder, stateFolder } = context;
    const runnerFolder = options.folder === undefined ? undefined : resolve(baseFolder, options.folder);
    const [program = "./run.sh", ...args] = options.command ?? [];
    // A path is relative to the config file; a bare name is looked up in PATH. `./run.sh` is the clone's own.
    const ownScript = options.command === undefined || !program.includes("/");
    const command = [ownScript ? program : resolve(baseFolder, program), ...args];
    try {
      const root = join(stateFolder, "processes");
      await mkdir(root, { recursive: true, mode: 0o700 });
      const plan = { root, runnerFolder, command, env: options.env };
      const backend = new ProcessBackend(plan, await openProcessTable(), context);
      await backend.sweep();
      return backend;
    } catch (error) {
      throw toBackendError(error, "opening the process provisioner");
    }
  },
});
