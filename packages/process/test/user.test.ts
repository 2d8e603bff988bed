import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccount } from "../src/account.js";
import { openHost, processes, processesOf, runnerOf, temporaryFolder, until, untilExited } from "./host.js";
import { unpackedRunner } from "./software.js";

const isRoot = process.getuid?.() === 0;

describe("a user that runners can't be", () => {
  test("is told apart: none of that name, or a daemon that is not root", async () => {
    const daemon = { uid: 12_345, platform: "linux" } as const;
    await expect(openAccount("no-such-user-here", daemon)).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining('no user "no-such-user-here"'),
    });
    await expect(openAccount("nobody", daemon)).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringMatching(/by root only.*or as "nobody" itself/),
    });
    await expect(openAccount("nobody", { ...daemon, platform: "darwin" })).rejects.toMatchObject({ kind: "rejected" });
  });

  test("keeps instances from being made, and check says why; the list goes on", async () => {
    const host = await openHost({ command: ["true"], user: "no-such-user-here" });
    await expect(host.create("never")).rejects.toMatchObject({ kind: "rejected" });
    expect(await host.find("never")).toBeUndefined();
    expect(await host.backend.check({ signal: host.signal() })).toContainEqual({
      level: "error",
      message: expect.stringContaining("no user"),
    });
  });

  test("is no trouble when the daemon is that user already", async () => {
    const host = await openHost({ command: ["sh", "-c", "exit 5"], user: userInfo().username });
    await host.launch("same");
    expect(await untilExited(host, "same")).toMatchObject({ exitCode: 5 });
    const said = await host.backend.check({ signal: host.signal() });
    expect(said.map(({ message }) => message).join("\n")).toContain("the daemon's own user");
  });
});

const canMakeUsers = isRoot && ["/usr/sbin/useradd", "/sbin/useradd"].some(existsSync);

// Turning into another user takes root; a run without it says so here, by this title.
describe.skipIf(!canMakeUsers && !(isRoot && process.env["CI"]))("as another user (needs root and useradd)", () => {
  const made = `scaleset-test-${process.pid}`;
  let uid = 0;
  let groups: string[] = [];
  beforeAll(() => {
    execFileSync("useradd", ["--create-home", "--groups", "games,audio", made]);
    uid = Number(execFileSync("id", ["-u", made], { encoding: "utf8" }));
    groups = execFileSync("id", ["-G", made], { encoding: "utf8" }).trim().split(" ").sort();
  });
  afterAll(() => {
    execFileSync("userdel", ["--remove", made], { stdio: "ignore" });
  });

  test("the runner and all that it starts are that user, with its groups, home and name, and nothing of the daemon's", async () => {
    const script =
      "id -u; id -G; umask >/dev/null; echo $HOME $USER $LOGNAME; touch $HOME/mine made; env; sleep 60 & wait";
    const host = await openHost({ command: ["sh", "-c", script], user: made });
    await host.launch("other");
    const lines = await until("its environment", async () => {
      const printed = (await host.logs("other")).split("\n");
      return printed.some((line) => line.startsWith("SCALESET_INSTANCE=")) ? printed : undefined;
    });
    expect(lines[0]).toBe(String(uid));
    expect(lines[1]?.split(" ").sort()).toEqual(groups);
    expect(groups.length).toBe(3);
    expect(lines[2]).toBe(`/home/${made} ${made} ${made}`);
    expect(lines.some((line) => line.startsWith("TMPDIR="))).toBe(false);
    expect(statSync(join(host.folder("other"), "work/made")).uid).toBe(uid);
    const sleeper = processes().find(
      (each) => processesOf("other").includes(each.pid) && each.arguments === "sleep\x0060\0",
    );
    expect(readFileSync(`/proc/${sleeper?.pid}/status`, "utf8")).toMatch(new RegExp(`^Uid:(\\s+${uid}){4}$`, "m"));
    await host.destroy("other");
    expect(processesOf("other")).toEqual([]);
    expect(existsSync(host.folder("other"))).toBe(false);
  });

  test("its work folder is its own, by a path that it can walk; what the daemon notes of it is not", async () => {
    const host = await openHost({ command: ["sh", "-c", "cd $(pwd) && touch x && echo walked; sleep 60"], user: made });
    await host.launch("walker");
    await until("it walked", async () => ((await host.logs("walker")).includes("walked") ? true : undefined));
    const folder = host.folder("walker");
    const asUser = (...command: string[]): string =>
      execFileSync("setpriv", [`--reuid=${uid}`, "--regid=65534", "--clear-groups", "--", ...command], {
        encoding: "utf8",
        stdio: "pipe",
      });
    for (const forbidden of [
      ["cat", join(folder, "record.json")],
      ["ls", folder],
      ["ls", dirname(folder)],
      ["ls", host.stateFolder],
      ["touch", join(folder, "exit")],
      ["cat", join(folder, "output/log")],
      ["rm", join(folder, "claim")],
    ])
      expect(() => asUser(...forbidden), forbidden.join(" ")).toThrow();
    expect(asUser("ls", join(folder, "work"))).toBe("x\n");
  });

  test("the actions runner's own files are its own, its programs are shared and can't be changed", async () => {
    const folder = unpackedRunner(
      'echo "$(id -un)" >.runner; (echo bad >bin/Runner.Listener) 2>/dev/null || echo refused; mkdir bin/new && echo can make',
    );
    const host = await openHost({ runner: { folder }, user: made });
    await host.launch("runner");
    await untilExited(host, "runner");
    expect(await host.logs("runner")).toBe("refused\ncan make\n");
    expect(readFileSync(join(host.folder("runner"), "work/.runner"), "utf8")).toBe(`${made}\n`);
    expect(readFileSync(join(folder, "bin/Runner.Listener"), "utf8")).toHaveLength(10_000);
    expect(statSync(join(folder, "bin/Runner.Listener")).uid).toBe(0);
  });

  test("the JIT config is in the environment of the runner alone", async () => {
    const host = await openHost({ command: ["sleep", "60"], user: made });
    await host.launch("secretive", "canary-4712");
    const runner = await runnerOf("secretive");
    const holders = processes().filter((each) => `${each.environment}${each.arguments}`.includes("canary-4712"));
    expect(holders.map(({ pid }) => pid)).toEqual([runner]);
    expect(statSync(`/proc/${runner}`).uid).toBe(uid);
  });

  test("a user without a home gets one with each instance, which goes with it", async () => {
    const host = await openHost({ command: ["sh", "-c", "cd $HOME && touch x && pwd && id -un"], user: "nobody" });
    await host.launch("homeless");
    expect(await untilExited(host, "homeless")).toMatchObject({ exitCode: 0 });
    expect(await host.logs("homeless")).toBe(`${join(host.folder("homeless"), "home")}\nnobody\n`);
    await host.destroy("homeless");
    expect(existsSync(host.folder("homeless"))).toBe(false);
  });

  test("by its number is the same", async () => {
    const host = await openHost({ command: ["id", "-un"], user: String(uid) });
    await host.launch("number");
    await untilExited(host, "number");
    expect(await host.logs("number")).toBe(`${made}\n`);
  });

  test("a state folder that it can't get to is refused, with the folder that bars the way", async () => {
    const barred = temporaryFolder();
    const stateFolder = join(barred, "state");
    mkdirSync(stateFolder);
    chmodSync(barred, 0o700);
    const host = await openHost({ command: ["true"], user: made, stateFolder });
    await expect(host.create("lost")).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringContaining(`pass through ${barred}, `),
    });
    chmodSync(barred, 0o711);
    await host.create("found");
  });

  test("check tells of a hook that it can't read, and is content with run.sh", async () => {
    const folder = temporaryFolder();
    const hook = join(folder, "before.sh");
    writeFileSync(hook, "true\n", { mode: 0o700 });
    const host = await openHost({ runner: { folder: unpackedRunner() }, user: made, hooks: { jobStarted: hook } });
    const errors = (await host.backend.check({ signal: host.signal() })).filter(({ level }) => level === "error");
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(`can't use ${folder}`)]);
    chmodSync(folder, 0o755);
    chmodSync(hook, 0o755);
    const then = await host.backend.check({ signal: host.signal() });
    expect(then.filter(({ level }) => level !== "info")).toEqual([]);
  });

  test("all that a job left is wiped: files of others, without rights, with strange names", async () => {
    const script =
      "mkdir -p deep/er && touch 'deep/er/a b' && chmod -R 000 deep; touch -- -rf; ln -s /etc out; echo left";
    const host = await openHost({ command: ["sh", "-c", script], user: made });
    await host.launch("messy");
    await untilExited(host, "messy");
    const work = join(host.folder("messy"), "work");
    mkdirSync(join(work, "roots"));
    writeFileSync(join(work, "roots/x"), "x", { mode: 0o400 });
    await host.destroy("messy");
    expect(existsSync(host.folder("messy"))).toBe(false);
    expect(existsSync("/etc/passwd")).toBe(true);
  });
});
