import { accessSync, constants } from "node:fs";
import { chmod, readFile, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { BackendError } from "@scaleset/provisioner";
import { runProgram } from "./run-program.js";

/** A user of this machine, as far as starting a program as one goes. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All groups, the first one among them. */
  readonly groups: readonly number[];
  /** Undefined where the system names one that is not there, as for `nobody`. */
  readonly home: string | undefined;
  /** What to put before a command, so that it runs as this account; it stays the same process. Empty for the daemon's own. */
  readonly become: readonly string[];
}

/** Who the daemon is, and which programs it finds. */
export interface AccountHost {
  readonly uid: number | undefined;
  readonly platform: NodeJS.Platform;
}

const thisHost = (): AccountHost => ({ uid: process.getuid?.(), platform: process.platform });

/**
 * The user that runners run as, checked to be one that this daemon can turn into.
 *
 * @throws {BackendError} `rejected` for an unknown user; `denied` when the daemon is not root
 */
export async function openAccount(user: string, host: AccountHost = thisHost()): Promise<Account> {
  if (host.platform !== "linux") {
    throw new BackendError("rejected", "user: works on Linux only; leave it out and run the daemon as that user");
  }
  const account = await lookUp(user);
  if (account === undefined) {
    throw new BackendError(
      "rejected",
      `there is no user "${user}" on this machine: make one, for example with useradd`,
    );
  }
  if (host.uid === account.uid) return { ...account, become: [] };
  if (host.uid !== 0) {
    throw new BackendError(
      "denied",
      `runners can be run as "${user}" by root only: start the daemon as root, or as "${user}" itself, or leave out user`,
    );
  }
  const setpriv = find("setpriv");
  const { uid, gid, groups } = account;
  const become = [setpriv, `--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join(",")}`, "--"];
  const tried = await runProgram(setpriv, [...become.slice(1), "/bin/sh", "-c", ":"]);
  if (tried.code !== 0) {
    const why = tried.errno === "ENOENT" ? "it is not installed" : tried.stderr.trim().slice(0, 200) || "it failed";
    throw new BackendError("rejected", `user: needs the program setpriv of util-linux: ${why}`);
  }
  return { ...account, become };
}

/** Its full path: runners may be given another PATH. */
function find(program: string): string {
  const { PATH = "" } = process.env;
  for (const folder of ["/usr/bin", "/bin", ...PATH.split(delimiter)]) {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return join(folder, program);
    } catch {
      // Not there.
    }
  }
  return program;
}

/** The account that runners run as, made ready once: it can get to the folder that instances are in. */
export class RunsAs {
  readonly user: string;
  readonly #root: string;
  #account: Promise<Account> | undefined;

  /** `root` is the folder that instances are in. */
  constructor(user: string, root: string) {
    this.user = user;
    this.#root = root;
  }

  /** @throws {BackendError} what keeps runners from running as that user; asked again, it looks again */
  ready(): Promise<Account> {
    this.#account ??= this.#open().catch((error: unknown) => {
      this.#account = undefined;
      throw error;
    });
    return this.#account;
  }

  async #open(): Promise<Account> {
    const account = await openAccount(this.user);
    if (account.become.length === 0) return account;
    // To be passed through, not to be listed: both folders are the daemon's own, and what is in them is closed.
    for (const folder of [dirname(this.#root), this.#root]) {
      const { mode } = await stat(folder);
      if ((mode & 0o001) === 0) await chmod(folder, (mode & 0o777) | 0o011);
    }
    const barred = await firstBarred(account, this.#root, "pass");
    if (barred === undefined) return account;
    throw new BackendError(
      "denied",
      `the user "${this.user}" can't pass through ${barred}, which leads to its work folder: use a state folder that all users can get to (/var/lib/scaleset), or chmod o+x ${barred}`,
    );
  }
}

/** What a user finds in the environment of a session of its own. */
export function accountEnvironment(account: Account, homeless: string): Record<string, string> {
  return { HOME: account.home ?? homeless, USER: account.name, LOGNAME: account.name };
}

/**
 * The first of the folders that lead to a path, or the path itself, that the account can't use; undefined when it can.
 * Tried as that user, since rights have more sides than mode bits.
 */
export async function firstBarred(account: Account, path: string, use: "pass" | "read"): Promise<string | undefined> {
  const script = `for way; do test -x "$way" || { printf %s "$way"; exit 1; }; done`;
  const shell = ["/bin/sh", "-c", script, "sh", ...foldersTo(path), ...(use === "pass" ? [path] : [])];
  const [program = "", ...args] = [...account.become, ...shell];
  const tried = await runProgram(program, args);
  if (tried.code !== 0) return tried.stdout || path;
  if (use === "pass") return undefined;
  const [test = "", ...rest] = [...account.become, "/bin/sh", "-c", 'test -r "$1"', "sh", path];
  return (await runProgram(test, rest)).code === 0 ? undefined : path;
}

function foldersTo(path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = dirname(path); !folders.includes(at); at = dirname(at)) folders.unshift(at);
  return folders;
}

/** By name or by number. `getent` knows users of directories (LDAP and the like), too; where it is missing, the file must do. */
async function lookUp(user: string): Promise<Omit<Account, "become"> | undefined> {
  const asked = await runProgram("getent", ["passwd", user]);
  const lines = asked.errno === undefined ? asked.stdout : await readFile("/etc/passwd", "utf8");
  for (const line of lines.split("\n")) {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    if (name === "" || (name !== user && uid !== user)) continue;
    const { stdout } = await runProgram("id", ["-G", "--", name]);
    const groups = stdout.split(/\s+/).filter((group) => /^\d+$/.test(group));
    const isThere =
      home !== "" &&
      (await stat(home).then(
        (found) => found.isDirectory(),
        () => false,
      ));
    return {
      name,
      uid: Number(uid),
      gid: Number(gid),
      groups: [...new Set([Number(gid), ...groups.map(Number)])],
      home: isThere ? home : undefined,
    };
  }
  return undefined;
}
