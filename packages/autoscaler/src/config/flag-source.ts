import { formatPath, type Path, type Place } from "./issue.js";
import type { ConfigSource } from "./source.js";

/** What `scaleset run` takes on its command line instead of a file, as it was typed. */
export interface RunFlags {
  readonly url?: string | undefined;
  readonly name?: string | undefined;
  readonly labels?: string | undefined;
  readonly runnerGroup?: string | undefined;
  readonly minRunners?: string | undefined;
  readonly maxRunners?: string | undefined;
  readonly runnerFolder?: string | undefined;
  readonly token?: string | undefined;
  readonly appClientId?: string | undefined;
  readonly appInstallationId?: string | undefined;
  readonly appPrivateKeyFile?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly stateFolder?: string | undefined;
}

/** Variable that the token is taken from where no flag names a credential. */
export const TOKEN_VARIABLE = "SCALESET_TOKEN";

const PATHS: Readonly<Record<keyof RunFlags, Path>> = {
  url: ["github", "url"],
  token: ["github", "token"],
  appClientId: ["github", "app", "clientId"],
  appInstallationId: ["github", "app", "installationId"],
  appPrivateKeyFile: ["github", "app", "privateKeyFile"],
  name: ["scaleSets", 0, "name"],
  labels: ["scaleSets", 0, "labels"],
  runnerGroup: ["scaleSets", 0, "runnerGroup"],
  minRunners: ["scaleSets", 0, "minRunners"],
  maxRunners: ["scaleSets", 0, "maxRunners"],
  runnerFolder: ["scaleSets", 0, "provisioner", "process", "runner", "folder"],
  logLevel: ["log", "level"],
  logFormat: ["log", "format"],
  stateFolder: ["stateFolder"],
};

/** The same plain data that a file would hold, from flags; what is wrong with it is told by the flag's name. */
export function flagSource(
  flags: RunFlags,
  options: { readonly workingFolder: string; readonly token: string | undefined },
): ConfigSource {
  const app = present({
    clientId: flags.appClientId,
    installationId: flags.appInstallationId,
    privateKeyFile: flags.appPrivateKeyFile,
  });
  const hasApp = Object.keys(app).length > 0;
  const tokenFromVariable = flags.token === undefined && !hasApp ? options.token : undefined;
  const log = present({ level: flags.logLevel, format: flags.logFormat });
  const raw = present({
    github: present({ url: flags.url, token: flags.token ?? tokenFromVariable, app: hasApp ? app : undefined }),
    stateFolder: flags.stateFolder,
    log: Object.keys(log).length > 0 ? log : undefined,
    scaleSets: [
      present({
        name: flags.name,
        labels: flags.labels?.split(",").map((label) => label.trim()),
        runnerGroup: flags.runnerGroup,
        minRunners: flags.minRunners,
        maxRunners: flags.maxRunners,
        provisioner: { process: { runner: present({ folder: flags.runnerFolder }) } },
      }),
    ],
  });
  const place = (path: Path): Place =>
    tokenFromVariable !== undefined && formatPath(path) === "github.token"
      ? { kind: "environment", variable: TOKEN_VARIABLE }
      : { kind: "flag", flag: flagFor(path) };
  return {
    name: "the command line",
    baseFolder: options.workingFolder,
    raw,
    substitutes: false,
    place,
    placeInside: place,
    nameOf: flagFor,
  };
}

/** The flag for a path; for a part that several flags make up, or none, the first one. */
function flagFor(path: Path): string {
  const wanted = formatPath(path);
  let below: string | undefined;
  for (const [name, flagPath] of Object.entries(PATHS)) {
    const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const candidate = formatPath(flagPath);
    // One element of `--labels` is still that flag.
    if (wanted === candidate || wanted.startsWith(`${candidate}[`)) return flag;
    if (below === undefined && candidate.startsWith(wanted)) below = flag;
  }
  return below ?? "the command line";
}

function present(entries: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
