import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { defineProvisioner, type OpenContext } from "@scaleset/provisioner";
import { RunsAs } from "./account.js";
import { ProcessBackend } from "./backend.js";
import { JIT_CONFIG_VARIABLE } from "./environment.js";
import { toBackendError } from "./failures.js";
import { openProcessTable, type ProcessTable } from "./process-table.js";
import { DownloadedRunner, RunnerFolder, type RunnerSource } from "./runner-source.js";

/** Where the official runner's software comes from: a folder, or an address with the checksum of what is there. */
export interface RunnerOptions {
  /** Folder of an unpacked actions runner. */
  readonly folder?: string | undefined;
  /** Address of its .tar.gz, downloaded once for all instances. */
  readonly url?: string | undefined;
  /** Of that archive, in hex. Required with `url`. */
  readonly sha256?: string | undefined;
}

/** Options of the `process` provisioner: exactly one of `runner` and `command`. */
export interface ProcessOptions {
  /** The actions runner. Each instance gets a clone of it and runs `./run.sh` there. */
  readonly runner?: RunnerOptions | undefined;
  /** Program and arguments, run in an empty folder of the instance's own. It finds its JIT config in its environment. */
  readonly command?: readonly string[] | undefined;
  /** Name or number of the user that runners run as, which needs a daemon that is root. @default the daemon's own user */
  readonly user?: string | undefined;
  /** Scripts (.sh, .ps1) that the actions runner runs before and after each job. */
  readonly hooks?: { readonly jobStarted?: string | undefined; readonly jobCompleted?: string | undefined } | undefined;
  /** Added to the runner's environment, which has `PATH`, `HOME`, `LANG`, `TZ`, `TMPDIR` of the daemon and no more. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runners as processes of this machine. They outlive the daemon; the next one finds them by their folders. */
export const processProvisioner = defineProvisioner<ProcessOptions>({
  kind: "process",
  options: (z) =>
    z
      .strictObject({
        runner: z
          .strictObject({
            folder: z.string().min(1).optional().describe("Folder of an unpacked actions runner"),
            url: z
              .url({ protocol: /^https?$/, error: "expected the http(s) address of the runner's .tar.gz" })
              .optional()
              .describe("Address of the actions runner's .tar.gz, downloaded once"),
            sha256: z
              .string()
              .regex(/^[0-9a-fA-F]{64}$/, "expected 64 hex digits, as published with each release of the runner")
              .optional()
              .describe("SHA-256 of that archive, in hex"),
          })
          .refine(
            ({ folder, url, sha256 }) =>
              folder === undefined
                ? url !== undefined && sha256 !== undefined
                : url === undefined && sha256 === undefined,
            'give either "folder", or "url" and "sha256" together',
          )
          .optional()
          .describe("The actions runner, cloned for each instance: { folder } or { url, sha256 }"),
        command: z
          .array(z.string())
          .min(1)
          .refine(([program]) => program !== undefined && program !== "", "the first entry is the program to run")
          .optional()
          .describe("Program and arguments to run in place of an actions runner's run.sh"),
        user: z.string().min(1).optional().describe("User that runners run as; the daemon must be root"),
        hooks: z
          .strictObject({
            jobStarted: z.string().min(1).optional().describe("Script (.sh, .ps1) run before each job"),
            jobCompleted: z.string().min(1).optional().describe("Script (.sh, .ps1) run after each job"),
          })
          .optional()
          .describe("Scripts that the actions runner runs around each job"),
        env: z
          .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "not a name of an environment variable"), z.string())
          .default({})
          .refine((env) => !(JIT_CONFIG_VARIABLE in env), `${JIT_CONFIG_VARIABLE} is set for each runner, not here`)
          .describe("Added to the runner's environment"),
      })
      .refine(
        (options) => (options.runner === undefined) !== (options.command === undefined),
        'give either "runner" (the actions runner) or "command" (any program), one of the two',
      ),
  alternatives: [["runner", "command"]],
  open: async (options, context) => {
    const { baseFolder, stateFolder } = context;
    const absolute = (path: string | undefined): string | undefined => path && resolve(baseFolder, path);
    const [program = "./run.sh", ...args] = options.command ?? [];
    // A path is relative to the config file; a bare name is looked up in PATH. `./run.sh` is the clone's own.
    const ownScript = options.command === undefined || !program.includes("/");
    const command = [ownScript ? program : resolve(baseFolder, program), ...args];
    try {
      const root = join(stateFolder, "processes");
      await mkdir(root, { recursive: true, mode: 0o700 });
      const table = await openProcessTable();
      const life = new AbortController();
      const { user, hooks = {}, env } = options;
      const backend = new ProcessBackend(
        {
          root,
          runner: options.runner && (await openRunner(options.runner, context, table, life.signal)),
          command,
          runsAs: user === undefined ? undefined : new RunsAs(user, root),
          hooks: { jobStarted: absolute(hooks.jobStarted), jobCompleted: absolute(hooks.jobCompleted) },
          env,
          life,
        },
        table,
        context,
      );
      await backend.sweep();
      return backend;
    } catch (error) {
      throw toBackendError(error, "opening the process provisioner");
    }
  },
});

async function openRunner(
  { folder, url, sha256 }: RunnerOptions,
  { stateFolder, baseFolder, clock, random, logger }: OpenContext,
  table: ProcessTable,
  life: AbortSignal,
): Promise<RunnerSource> {
  if (url === undefined || sha256 === undefined) return new RunnerFolder(resolve(baseFolder, folder ?? ""), logger);
  let made = 0;
  const nonce = (): string => {
    made += 1;
    return `${made}-${Math.floor(random() * 2 ** 32).toString(36)}`;
  };
  const root = join(stateFolder, "software");
  const source = new DownloadedRunner({ url, sha256, root, clock, logger, table, nonce, life });
  await source.sweep();
  // Before the first job comes; whoever needs it first hears how it went.
  source.ready(life).catch(() => {});
  return source;
}
