import { z } from "zod";
import { defaultTimings, type Timings } from "../core/settings.js";
import { defaultLimits } from "./config.js";
import { timingDescriptions } from "./timing-guide.js";

/**
 * The whole configuration as a person writes it. Errors, the JSON Schema and the reference page show the descriptions,
 * so each says what the setting does, with its unit. Defaults that a scale set takes from `defaults` first are filled in
 * afterwards; here they are only told.
 */

const MAX_RUNNERS = 10_000;

const command = z.array(z.string().min(1)).min(1);

const app = z
  .strictObject({
    clientId: z.string().min(1).describe("The GitHub App's client id (Iv…), or its App id in quotes."),
    installationId: z
      .int()
      .min(1)
      .optional()
      .describe("Id of the App's installation. Looked up where it is left out; enterprises need it."),
    privateKeyFile: z
      .string()
      .min(1)
      .optional()
      .describe("File with the App's private key, PEM (PKCS#1 or PKCS#8). Read again when GitHub refuses the key."),
    privateKey: z.string().min(1).optional().describe(`The private key itself, best as a \${VARIABLE}.`),
    privateKeyCommand: command
      .optional()
      .describe("Program and arguments that print the private key. Run again when GitHub refuses the key."),
  })
  .describe("Sign in as a GitHub App (recommended): its rights are narrower and its tokens short-lived.");

const credential = {
  token: z.string().min(1).optional().describe(`A personal access token, best as a \${VARIABLE}.`),
  tokenFile: z
    .string()
    .min(1)
    .optional()
    .describe("File that holds a personal access token and nothing else. Read again whenever a token is needed."),
  tokenCommand: command
    .optional()
    .describe(
      "Program and arguments that print a token and nothing else, within 15 s, run without a shell in the config file's folder. Run again about once an hour, and when GitHub refuses the token.",
    ),
  app: app.optional(),
};

const url = z
  .string()
  .describe("Where runners register: https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME.");

const github = z
  .strictObject({ url: url.optional(), ...credential })
  .describe(
    "Where scale sets register that name no target, and with which credential: one of app, tokenFile, tokenCommand and token. Its credential serves targets of the same host that have none.",
  );

const target = z
  .strictObject({ url, ...credential })
  .describe("Where to register, and with which credential. Without one, that of github is used (same host only).");

const targetName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
  error: "expected a name of letters, digits, dots, dashes and underscores",
});

const provisioner = z
  .record(z.string(), z.unknown())
  .describe(
    "What makes the runners: one key, the kind, with its options. process is built in; docker and kubernetes come with the packages @scaleset/docker and @scaleset/kubernetes; any other key is the name of a package.",
  );

type TimingName = keyof Timings;

const timingNames = Object.keys(defaultTimings).filter((name): name is TimingName => name in defaultTimings);

/** The wait that no setting needs to pass: thirty days. */
const MAX_TIMING = 30 * 24 * 60 * 60 * 1_000;

const timing = (name: TimingName): z.ZodType<number | "off" | undefined> => {
  const number = z.int().min(1).max(MAX_TIMING);
  const standard = defaultTimings[name];
  const description = timingDescriptions[name];
  if (standard !== Number.POSITIVE_INFINITY) return number.optional().meta({ description, default: standard });
  return z
    .union([number, z.literal("off")])
    .optional()
    .meta({ description, default: "off" });
};

const timings = z.strictObject(Object.fromEntries(timingNames.map((name) => [name, timing(name)])));

/** What a scale set has unless it, or `defaults`, says otherwise. */
export const scaleSetDefaults = {
  runnerGroup: "default",
  minRunners: 0,
  maxRunners: 10,
  priority: 1,
  disableUpdate: false,
  recreate: true,
  workFolder: "_work",
} as const;

const told = (description: string, value?: unknown): { readonly description: string; readonly default?: unknown } =>
  value === undefined ? { description } : { description, default: value };

/** Without blanks around it, which nobody sees in a file. */
const trimmed = z
  .string()
  .min(1)
  .max(100)
  .regex(/^\S(?:.*\S)?$/, { error: "expected no blanks at either end" });

const settings = {
  target: targetName.optional().meta(told("Where it registers: a name of targets, or github.", "github")),
  labels: z
    .array(trimmed)
    .min(1)
    .refine((labels) => new Set(labels.map((label) => label.toLowerCase())).size === labels.length, {
      error: "expected each label once",
    })
    .optional()
    .describe("What runs-on may ask for. By default one label, the name."),
  runnerGroup: z
    .string()
    .min(1)
    .optional()
    .meta(told("Runner group that the scale set belongs to.", scaleSetDefaults.runnerGroup)),
  minRunners: z
    .int()
    .min(0)
    .max(MAX_RUNNERS)
    .optional()
    .meta(told("Runners kept ready beyond what jobs ask for.", scaleSetDefaults.minRunners)),
  maxRunners: z
    .int()
    .min(0)
    .max(MAX_RUNNERS)
    .optional()
    .meta(told("Most runners at one time. 0 pauses the scale set: it is not polled.", scaleSetDefaults.maxRunners)),
  priority: z
    .number()
    .min(0.01)
    .max(1_000)
    .optional()
    .meta(
      told(
        "Weight among scale sets that share limits.maxRunners: one of 2 gets twice the runners of one of 1 while both want more.",
        scaleSetDefaults.priority,
      ),
    ),
  disableUpdate: z
    .boolean()
    .optional()
    .meta(told("Whether runners are kept from updating themselves.", scaleSetDefaults.disableUpdate)),
  recreate: z
    .boolean()
    .optional()
    .meta(
      told(
        "Whether a scale set that went away at the service for over a minute is made anew. It gets another id; jobs that waited in the old one are gone.",
        scaleSetDefaults.recreate,
      ),
    ),
  namePrefix: z
    .string()
    .max(40)
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, { error: "expected letters, digits and dashes, at most 40" })
    .optional()
    .describe("What the names of the runners begin with. By default made from the scale set's name."),
  workFolder: z
    .string()
    .min(1)
    .optional()
    .meta(
      told(
        "Folder that jobs of a runner work in, relative to the runner's own; only in containers may it lie elsewhere.",
        scaleSetDefaults.workFolder,
      ),
    ),
};

const defaults = z
  .strictObject({ ...settings, provisioner: provisioner.optional() })
  .describe(
    "What scale sets have unless they say otherwise. Options of a provisioner are merged one by one with those of a scale set that uses the same kind; of two that exclude each other (runner and command) the set's own counts.",
  );

const scaleSet = z
  .strictObject({
    name: trimmed.describe("Name of the scale set; workflows ask for it with runs-on unless labels say otherwise."),
    ...settings,
    provisioner: provisioner.optional(),
    timings: timings
      .optional()
      .describe("Waiting times of this scale set, where they differ from those of the process."),
  })
  .describe("One scale set and what makes its runners.");

const log = z
  .strictObject({
    level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Least important records to write."),
    format: z
      .enum(["text", "json"])
      .default("text")
      .describe("text for people, json (one record a line) for machines."),
  })
  .describe("What the daemon writes about itself.");

const limits = z
  .strictObject({
    maxRunners: z
      .int()
      .min(1)
      .max(MAX_RUNNERS)
      .optional()
      .describe(
        "Most runners of all scale sets together, shared fairly by what each wants and its priority. No limit unless set.",
      ),
    launchConcurrency: z
      .int()
      .min(1)
      .max(1_000)
      .default(defaultLimits.launchConcurrency)
      .describe(
        "Launches under way at one time on each provisioner (each distinct set of options); scale sets take turns.",
      ),
    maxScaleSets: z
      .int()
      .min(1)
      .max(MAX_RUNNERS)
      .optional()
      .describe(
        "Most scale sets that this daemon holds at one time; the others are left to other daemons. All unless set.",
      ),
    requestsPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .default(defaultLimits.requestsPerSecond)
      .describe(
        "Requests a second to one host. Above 20 scale sets there for each, it is too few, and a warning says so.",
      ),
    standbyProbesPerSecond: z
      .number()
      .min(0.1)
      .max(1_000)
      .default(defaultLimits.standbyProbesPerSecond)
      .describe("Attempts a second, of all scale sets together, to take over sessions that somebody else holds."),
  })
  .describe("Limits shared by all scale sets.");

export const configSchema = z.strictObject({
  github: github.optional(),
  targets: z
    .record(targetName, target)
    .optional()
    .describe("More organizations, repositories, enterprises or servers, by a name that scale sets give as target."),
  defaults: defaults.optional(),
  scaleSets: z.array(scaleSet).min(1).describe("The scale sets that this daemon runs."),
  limits: limits.prefault({}),
  owner: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("Name of this daemon at the service, the same after a restart. By default host name and state folder."),
  stateFolder: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder for records that outlive the daemon. By default $STATE_DIRECTORY, $XDG_STATE_HOME/scaleset or ~/.local/state/scaleset.",
    ),
  log: log.prefault({}),
  timings: timings.optional().describe("Waiting times of all scale sets. The defaults are meant to be left alone."),
});

export type ConfigDocument = z.infer<typeof configSchema>;
export type ScaleSetDocument = ConfigDocument["scaleSets"][number];
