import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Finding } from "@scaleset/provisioner";
import { type Account, firstBarred, type RunsAs } from "./account.js";
import { errnoOf, toBackendError } from "./failures.js";
import { checkHooks, type Hooks } from "./hooks.js";
import { describeSoftware, type RunnerSource } from "./runner-source.js";

export interface Checked {
  /** Where instances are kept. */
  readonly root: string;
  /** What instances are cloned from, if they are. */
  readonly runner: RunnerSource | undefined;
  readonly command: readonly string[];
  readonly runsAs: RunsAs | undefined;
  readonly hooks: Hooks;
  /** As the options add it. */
  readonly env: Readonly<Record<string, string>>;
  /** A runner's PATH. */
  readonly path: string | undefined;
  /** @default those of this process; for tests */
  readonly host?: { readonly pid: number; readonly uid: number | undefined };
}

/** What would keep runners from running here, and what is unwise. Makes nothing and starts no runner. */
export async function checkHost(checked: Checked): Promise<readonly Finding[]> {
  const host = checked.host ?? { pid: process.pid, uid: process.getuid?.() };
  const findings: Finding[] = [];
  const add: Add = (level, message, remedy) => {
    findings.push({ level, message, ...(remedy === undefined ? {} : { remedy }) });
  };

  const refused = refusal(checked.root, constants.W_OK | constants.X_OK);
  if (refused !== undefined)
    add(
      "error",
      `the state folder ${checked.root} can't be written (${refused})`,
      refused === "EROFS" ? "make its file system writable again" : "give the daemon's user the right to write it",
    );
  else checkLeftovers(checked.root, add);

  if (checked.runner === undefined) checkCommand(checked, add);
  else await checkRunner(checked.runner, checked.root, add);
  findings.push(...checkHooks(checked.hooks));

  const asRoot = await checkUser(checked, host.uid, add);
  const { RUNNER_ALLOW_RUNASROOT: allowed = "" } = checked.env;
  const runsRunScript = checked.runner !== undefined || checked.command.some((part) => /(^|\/)run\.sh$/.test(part));
  if (asRoot && runsRunScript && allowed === "") {
    add(
      "error",
      "run.sh refuses to run as root, and exits with code 0 all the same",
      'let runners be another user (user: NAME), or set env: { RUNNER_ALLOW_RUNASROOT: "1" }',
    );
  }
  if (host.pid === 1) {
    add(
      "warning",
      "the daemon is process 1 of its container: runners end with it, and processes that they leave behind are never collected",
      "start the container with an init (docker run --init); let the daemon's end be no end of the container",
    );
  }
  return findings;
}

type Add = (level: Finding["level"], message: string, remedy?: string) => void;

/** Whether runners run as root. */
async function checkUser({ runsAs, runner, hooks }: Checked, uid: number | undefined, add: Add): Promise<boolean> {
  if (runsAs === undefined) {
    add(
      "warning",
      "runners run as the same user as the daemon: a job can read what the daemon can, its credentials among it",
      "run the daemon as root and runners as another user (user: NAME), run only jobs that you trust, or use a provisioner that isolates (docker, kubernetes)",
    );
    return uid === 0;
  }
  try {
    const account = await runsAs.ready();
    if (account.become.length === 0) {
      add(
        "warning",
        `runners run as "${account.name}", which is the daemon's own user: a job can read the daemon's credentials`,
        "name another user",
      );
    }
    if (account.home === undefined) {
      add("info", `the user "${account.name}" has no home folder: each instance gets one of its own`);
    }
    for (const path of [hooks.jobStarted, hooks.jobCompleted]) {
      if (path === undefined || !existsSync(path)) continue;
      const barred = await firstBarred(account, path, "read");
      if (barred !== undefined)
        add(
          "error",
          `the user "${account.name}" can't use ${barred}, which the hook ${path} needs`,
          `chmod o+rx ${barred}`,
        );
    }
    const folder = (await runner?.look())?.software?.folder;
    if (folder !== undefined) checkShared(folder, account, add);
    return account.uid === 0;
  } catch (error) {
    add("error", toBackendError(error, "looking for the user of runners").message);
    return false;
  }
}

/** The runner's programs are linked, and stay whose they are. */
function checkShared(folder: string, account: Account, add: Add): void {
  const listener = statSync(join(folder, "bin", "Runner.Listener"), { throwIfNoEntry: false });
  if (listener === undefined || listener.uid === account.uid || account.groups.includes(listener.gid)) return;
  if ((listener.mode & 0o005) !== 0o005)
    add("error", `the user "${account.name}" can't run the runner in ${folder}`, `chmod -R o+rX ${folder}`);
}

function checkLeftovers(root: string, add: Add): void {
  const left = readdirSync(root).filter((name) => name.startsWith(".gone-"));
  const [first] = left;
  if (first === undefined) return;
  add(
    "warning",
    `${left.length} work folder(s) of ended jobs could not be removed, the first one is ${join(root, first)}`,
    "remove them as root; jobs that write files as root (sudo, containers) are better run by a daemon that is root, with user: NAME",
  );
}

function checkCommand({ command, path = "" }: Checked, add: Add): void {
  const [program = ""] = command;
  const places = program.includes("/") ? [program] : path.split(delimiter).map((folder) => join(folder, program));
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

async function checkRunner(runner: RunnerSource, root: string, add: Add): Promise<void> {
  const { finding, software } = await runner.look();
  if (finding !== undefined) add(finding.level, finding.message, finding.remedy);
  if (software === undefined) return;
  const { folder, version } = software;
  add("info", describeSoftware(software));
  if (version === undefined) {
    add(
      "warning",
      `${folder} does not say which version of the actions runner it is (bin/Runner.Listener.deps.json)`,
      "unpack the actions runner as it was published; the service refuses versions that are too old",
    );
  }
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
