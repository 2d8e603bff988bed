import { z } from "zod";
import { defaultTimings } from "../core/settings.js";

/**
 * The whole configuration as a person writes it. Descriptions are shown beside errors,
 * so each says what the setting does, with its unit.
 */

const MAX_RUNNERS = 10_000;

const app = z
  .strictObject({
    clientId: z.string().min(1).describe("The GitHub App's client id (Iv…), or its App id in quotes."),
    installationId: z.int().min(1).optional().describe("Id of the App's installation. Looked up where it is left out."),
    privateKeyFile: z.string().min(1).optional().describe("File with the App's private key, PEM (PKCS#1 or PKCS#8)."),
    privateKey: z.string().min(1).optional().describe(`The private key itself, best as a \${VARIABLE}.`),
  })
  .describe("Sign in as a GitHub App (recommended): its rights are narrower and its tokens short-lived.");

const github = z
  .strictObject({
    url: z
      .string()
      .describe("Where runners register: https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME."),
    token: z.string().min(1).optional().describe(`A personal access token, best as a \${VARIABLE}.`),
    tokenFile: z.string().min(1).optional().describe("File that holds a personal access token and nothing else."),
    app: app.optional(),
  })
  .describe("Where to register, and with which credential: one of token, tokenFile and app.");

const provisioner = z
  .record(z.string(), z.unknown())
  .describe(
    "What makes the runners: one key, the kind, with its options: { process: { runner: { folder: ./actions-runner } } }.",
  );

const scaleSet = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^\S(?:.*\S)?$/, { error: "expected no blanks at either end" })
      .describe("Name of the scale set; workflows ask for it with runs-on unless labels say otherwise."),
    labels: z
      .array(z.string().min(1).max(100))
      .min(1)
      .optional()
      .describe("What runs-on may ask for. By default one label, the name."),
    runnerGroup: z.string().min(1).default("default").describe("Runner group that the scale set belongs to."),
    minRunners: z.int().min(0).max(MAX_RUNNERS).default(0).describe("Runners kept ready beyond what jobs ask for."),
    maxRunners: z.int().min(0).max(MAX_RUNNERS).default(10).describe("Most runners at one time."),
    disableUpdate: z.boolean().default(false).describe("Whether runners are kept from updating themselves."),
    namePrefix: z
      .string()
      .max(40)
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, { error: "expected letters, digits and dashes, at most 40" })
      .optional()
      .describe("What the names of the runners begin with. By default made from the scale set's name."),
    workFolder: z.string().min(1).default("_work").describe("Folder of a runner, inside its own, that jobs work in."),
    provisioner,
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
    launchConcurrency: z
      .int()
      .min(1)
      .max(1_000)
      .default(10)
      .describe("Launches under way at one time in this process."),
  })
  .describe("Limits shared by all scale sets.");

type TimingName = keyof typeof defaultTimings;

const timingNames = Object.keys(defaultTimings).filter((name): name is TimingName => name in defaultTimings);

/** The wait that no setting needs to pass: thirty days. */
const MAX_TIMING_MS = 30 * 24 * 60 * 60 * 1_000;

const timings = z
  .strictObject(
    Object.fromEntries(
      timingNames.map((name) => [
        name,
        z.int().min(1).max(MAX_TIMING_MS).default(defaultTimings[name]).describe("In milliseconds."),
      ]),
    ),
  )
  .describe("Waiting times, in milliseconds. The defaults are meant to be left alone.");

export const configSchema = z.strictObject({
  github,
  owner: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("Name of this daemon at the service, the same after a restart. By default host name and state folder."),
  stateFolder: z.string().min(1).optional().describe("Folder for records that outlive the daemon."),
  log: log.prefault({}),
  limits: limits.prefault({}),
  timings: timings.prefault({}),
  scaleSets: z.array(scaleSet).min(1).describe("The scale sets that this daemon runs."),
});

export type ConfigDocument = z.infer<typeof configSchema>;
export type ScaleSetDocument = ConfigDocument["scaleSets"][number];
export type GithubDocument = ConfigDocument["github"];
