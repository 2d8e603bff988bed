import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Finding } from "../../ports/provisioner.js";
import { errnoOf } from "./failures.js";

export interface Checked {
  /** Where instances are kept. */
  readonly root: string;
  /** The unpacked runner that instances are cloned from, if they are. */
  readonly runnerFolder: string | undefined;
  readonly command: readonly string[];
  /** A runner's environment, but for its JIT config. */
  readonly env: Readonly<Record<string, string>>;
  /** @default those of this process; for tests */
  readonly host?: { readonly pid: number; readonly uid: number | undefined };
}

/** What would keep runners from running here, and what is unwise. Makes nothing and starts nothing. */
export function checkHost(checked: Checked): readonly Finding[] {
  const host = checked.host ?? { pid: process.pid, uid: process.getuid?.() };
  const findings: Finding[] = [];
  const add = (level: Finding["level"], message: string, remedy: string): void => {
    findings.push({ level, message, remedy });
  };

  const refused = refusal(checked.root, constants.W_OK | constants.X_OK);
  if (refused !== undefined)
    add(
      "error",
      `the state folder ${checked.root} can't be written (${refused})`,
      "give the daemon's user the right to write it",
    );

  if (checked.runnerFolder === undefined) checkCommand(checked, add);
  else checkRunnerFolder(checked.runnerFolder, checked.root, add);

  const { RUNNER_ALLOW_RUNASROOT: allowed = "" } = checked.env;
  const runsRunScript =
    checked.runnerFolder !== undefined || checked.command.some((part) => /(^|\/)run\.sh$/.test(part));
  if (host.uid === 0 && runsRunScript && allowed === "") {
    add(
      "error",
      "run.sh refuses to run as root, and exits with code 0 all the same",
      'run the daemon as another user, or set env: { RUNNER_ALLOW_RUNASROOT: "1" }',
    );
  }
  if (host.pid === 1) {
    add(
      "warning",
      "the daemon is process 1 of its container: runners end with it, and processes that they leave behind are never collected",
      "start the container with an init (docker run --init); let the daemon's end be no end of the container",
    );
  }
  add(
    "warning",
    "runners run as the same user as the daemon: a job can read what the daemon can, its credentials among it",
    "run only jobs that you trust, or use a provisioner that isolates (docker, kubernetes)",
  );
  return findings;
}

type Add = (level: Finding["level"], message: string, remedy: string) => void;

function checkCommand({ command, env }: Checked, add: Add): void {
  const [program = ""] = command;
  const { PATH = "" } = env;
  const places = program.includes("/") ? [program] : PATH.split(delimiter).map((folder) => join(folder, program));
  if (
    places.some(
      (place) => existsSync(place) && statSync(place).isFile() && refusal(place, constants.X_OK) === undefined,
    )
  )
    return;
  if (places.some((place) => existsSync(place))) add("error", `${program} can't be executed`, `chmod +x ${program}`);
  else
    add(
      "error",
      `the command ${program} was not found`,
      "give a path, or one that is in PATH; a relative path is relative to the config file",
    );
}

function checkRunnerFolder(folder: string, root: string, add: Add): void {
  if (!existsSync(folder)) {
    add("error", `there is no folder ${folder}`, "unpack the actions runner there");
    return;
  }
  const script = join(folder, "run.sh");
  const refused = refusal(script, constants.R_OK | constants.X_OK);
  if (refused === "ENOENT") add("error", `${folder} holds no run.sh`, "unpack the actions runner there");
  else if (refused !== undefined) add("error", `${script} can't be executed (${refused})`, `chmod +x ${script}`);
  if (existsSync(join(folder, ".runner"))) {
    add(
      "info",
      `${folder} is configured as a runner of its own; instances get none of that`,
      "unpack a runner for this daemon alone",
    );
  }
  if (existsSync(root) && statSync(folder).dev !== statSync(root).dev) {
    add(
      "info",
      `${folder} and the state folder ${root} are on different file systems: each instance gets a full copy of the runner`,
      "put them on the same one, so that files can be linked",
    );
  }
}

/** The system's name for why not, or undefined when it may be done. */
function refusal(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return errnoOf(error) ?? "unknown";
  }
}
