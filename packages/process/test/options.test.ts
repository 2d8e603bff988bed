import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BackendError, type Finding } from "@scaleset/provisioner";
import { describe, expect, test } from "vitest";
import {
  builtInProvisioners,
  findProvisioner,
  UnknownProvisionerError,
} from "../../autoscaler/src/provisioners/registry.js";
import { type Checked, checkHost } from "../src/check.js";
import { toBackendError } from "../src/failures.js";
import { processProvisioner } from "../src/provisioner.js";
import { RunnerFolder } from "../src/runner-source.js";
import { openHost, quietLogger, temporaryFolder, untilExited } from "./host.js";

describe("the options of the process provisioner", () => {
  const complaint = (options: unknown): string =>
    processProvisioner.schema
      .safeParse(options)
      .error?.issues.map((issue) => issue.message)
      .join("; ") ?? "";

  test.each([
    { command: ["true"] },
    { runner: { folder: "runner" } },
    { runner: { url: "https://example.com/runner-2.336.0.tar.gz", sha256: "aB".repeat(32) } },
    { command: ["true"], user: "ci", hooks: { jobStarted: "./before.sh" }, env: { A: "b" } },
  ])("are the actions runner or a command: %j", (options) => {
    expect(processProvisioner.schema.parse(options)).toEqual({ env: {}, ...options });
  });

  test.each([
    [{}, 'either "runner"'],
    [{ runner: { folder: "a" }, command: ["b"] }, 'either "runner"'],
    [{ runner: {} }, 'either "folder", or "url" and "sha256"'],
    [{ runner: { url: "https://example.com/a" } }, 'either "folder", or "url" and "sha256"'],
    [{ runner: { folder: "a", url: "https://example.com/a" } }, 'either "folder", or "url" and "sha256"'],
    [{ runner: { url: "ftp://example.com/a", sha256: "a".repeat(64) } }, "http(s) address"],
    [{ runner: { url: "https://example.com/a", sha256: "a" } }, "64 hex digits"],
    [{ folder: "a" }, "folder"],
    [{ command: ["a"], hooks: { jobStart: "a" } }, "jobStart"],
    [{ command: [] }, "Too small"],
    [{ command: [""] }, "first entry"],
    [{ comand: ["a"] }, "comand"],
    [{ command: ["a"], env: { "A B": "c" } }, "Invalid key"],
    [{ command: ["a"], env: { ACTIONS_RUNNER_INPUT_JITCONFIG: "c" } }, "set for each runner"],
  ])("of %j are refused with the reason", (options, reason) => {
    expect(complaint(options)).toContain(reason);
  });

  test("a command with a path is taken relative to the config file", async () => {
    const stateFolder = temporaryFolder();
    writeFileSync(join(stateFolder, "runner.sh"), "#!/bin/sh\nexit 5\n");
    chmodSync(join(stateFolder, "runner.sh"), 0o755);
    const host = await openHost({ command: ["./runner.sh"], stateFolder });
    await host.launch("relative");
    expect(await untilExited(host, "relative")).toMatchObject({ exitCode: 5 });
  });
});

describe("check", () => {
  async function findings(changes: Partial<Checked>): Promise<readonly Finding[]> {
    return await checkHost({
      root: temporaryFolder(),
      runner: undefined,
      command: ["true"],
      runsAs: undefined,
      hooks: {},
      env: {},
      path: process.env["PATH"],
      host: { pid: 100, uid: 1000 },
      ...changes,
    });
  }

  async function errors(changes: Partial<Checked>): Promise<string[]> {
    return (await findings(changes)).filter(({ level }) => level === "error").map(({ message }) => message);
  }

  const inFolder = (folder: string): RunnerFolder => new RunnerFolder(folder, quietLogger);

  test("says nothing bad of what works", async () => {
    expect(await errors({})).toEqual([]);
  });

  test("tells that the command is not there, or can't be run", async () => {
    expect(await errors({ command: ["no-such-program"] })).toEqual([expect.stringContaining("was not found")]);
    const plain = join(temporaryFolder(), "plain");
    writeFileSync(plain, "");
    expect(await errors({ command: [plain] })).toEqual([expect.stringContaining("can't be executed")]);
  });

  test("tells what a runner folder lacks", async () => {
    expect(await errors({ runner: inFolder("/no/such") })).toEqual([expect.stringContaining("there is no folder")]);
    const folder = temporaryFolder();
    expect(await errors({ runner: inFolder(folder) })).toEqual([expect.stringContaining("no run.sh")]);
    writeFileSync(join(folder, "run.sh"), "");
    expect(await errors({ runner: inFolder(folder) })).toEqual([expect.stringContaining("can't be executed")]);
    chmodSync(join(folder, "run.sh"), 0o755);
    expect(await errors({ runner: inFolder(folder) })).toEqual([]);
  });

  test("tells which version of the runner there is, or that it does not say", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "run.sh"), "", { mode: 0o755 });
    const said = async (): Promise<string> =>
      (await findings({ runner: inFolder(folder) })).map(({ message }) => message).join("\n");
    expect(await said()).toContain("does not say which version");
    mkdirSync(join(folder, "bin"));
    const parts = { libraries: { "System.IO/4.3.0": {}, "Runner.Listener/2.336.0": {}, "Runner.Common/2.336.0": {} } };
    writeFileSync(join(folder, "bin/Runner.Listener.deps.json"), JSON.stringify(parts));
    expect(await said()).toContain("runner 2.336.0");
    expect(await said()).not.toContain("does not say");
  });

  test("tells that run.sh refuses root, unless it is allowed", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "run.sh"), "", { mode: 0o755 });
    const [host, runner] = [{ pid: 100, uid: 0 }, inFolder(folder)];
    expect(await errors({ runner, host })).toEqual([expect.stringContaining("refuses to run as root")]);
    expect(await errors({ runner, host, env: { RUNNER_ALLOW_RUNASROOT: "1" } })).toEqual([]);
    expect(await errors({ host })).toEqual([]);
  });

  test("tells that the state folder is missing", async () => {
    expect(await errors({ root: "/no/such" })).toEqual([expect.stringContaining("/no/such can't be written")]);
  });

  test("tells what is wrong with a hook", async () => {
    const folder = temporaryFolder();
    const hook = join(folder, "before.sh");
    expect(await errors({ hooks: { jobStarted: hook } })).toEqual([
      expect.stringMatching(/jobStarted .* is not there/),
    ]);
    writeFileSync(hook, "", { mode: 0o644 });
    expect(await errors({ hooks: { jobStarted: hook } })).toEqual([]);
    expect(await findings({ hooks: { jobStarted: hook } })).toContainEqual({
      level: "warning",
      message: expect.stringContaining("is not executable"),
      remedy: `chmod +x ${hook}`,
    });
    chmodSync(hook, 0o755);
    const said = (await findings({ hooks: { jobStarted: hook } })).map(({ message }) => message).join();
    expect(said).not.toContain("hook");
    writeFileSync(join(folder, "before"), "");
    const neither = { jobCompleted: join(folder, "before") };
    expect(await errors({ hooks: neither })).toEqual([expect.stringContaining("neither a .sh nor a .ps1")]);
    expect(await errors({ hooks: { jobCompleted: folder } })).toEqual([expect.stringContaining("is no file")]);
  });

  test("warns that process 1 takes all runners with it, and that runners are the daemon's own user", async () => {
    const messages = (await findings({ host: { pid: 1, uid: 1000 } })).map((finding) => finding.message).join("\n");
    expect(messages).toContain("process 1 of its container");
    expect(messages).toContain("same user as the daemon");
  });

  test("tells of work folders that could not be removed", async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, ".gone-1-x"));
    const messages = (await findings({ root })).map((finding) => finding.message).join("\n");
    expect(messages).toContain(join(root, ".gone-1-x"));
  });
});

describe("what the system refuses says what to do about it", () => {
  test.each([
    ["ENOSPC", "capacity"],
    ["EMFILE", "capacity"],
    ["EAGAIN", "capacity"],
    ["EACCES", "denied"],
    ["EPERM", "denied"],
    ["ENOENT", "rejected"],
    ["EROFS", "rejected"],
    ["EIO", "transient"],
  ])("%s is %s", (code, kind) => {
    const failure = Object.assign(new Error(`${code}: what the system says`), { code });
    expect(toBackendError(failure, "making x")).toMatchObject({ name: "BackendError", kind, cause: failure });
  });

  test("and what has a kind keeps it", () => {
    const gone = new BackendError("gone", "it ended");
    expect(toBackendError(gone, "making x")).toBe(gone);
  });

  test("a record that can't be read fails the whole list, and names the folder", async () => {
    const host = await openHost({ command: ["true"] });
    await host.create("fine");
    const broken = host.folder("broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "record.json"), "{");
    await expect(host.find("fine")).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining(broken),
    });
    writeFileSync(
      join(broken, "record.json"),
      JSON.stringify({
        format: 1,
        name: "broken",
        createdAt: 1,
        labels: { schema: 1, identity: "", owner: "", spec: "" },
      }),
    );
    expect(await host.find("fine")).toBeDefined();
  });
});

describe("the registry", () => {
  test("has the process provisioner built in", () => {
    expect([...builtInProvisioners().keys()]).toEqual(["process"]);
    expect(findProvisioner("process")).toBe(processProvisioner);
  });

  test("takes one that is handed over, also in place of a built-in one", () => {
    const other = { ...processProvisioner, kind: "@acme/nomad" };
    expect(findProvisioner("@acme/nomad", [other])).toBe(other);
    const instead = { ...processProvisioner };
    expect(findProvisioner("process", [instead])).toBe(instead);
  });

  test("says what there is when it has none of that name", () => {
    expect(() => findProvisioner("dokcer")).toThrow(UnknownProvisionerError);
    expect(() => findProvisioner("dokcer")).toThrow('no provisioner called "dokcer"; there is "process"');
  });
});
