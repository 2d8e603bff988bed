import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BackendError } from "../../src/ports/provisioner.js";
import { type Checked, checkHost } from "../../src/provisioners/process/check.js";
import { toBackendError } from "../../src/provisioners/process/failures.js";
import { processProvisioner } from "../../src/provisioners/process/provisioner.js";
import { builtInProvisioners, findProvisioner, UnknownProvisionerError } from "../../src/provisioners/registry.js";
import { openHost, temporaryFolder, untilExited } from "./host.js";

describe("the options of the process provisioner", () => {
  const complaint = (options: unknown): string =>
    processProvisioner.schema
      .safeParse(options)
      .error?.issues.map((issue) => issue.message)
      .join("; ") ?? "";

  test("are a folder or a command", () => {
    expect(processProvisioner.schema.parse({ command: ["true"] })).toEqual({ command: ["true"], env: {} });
    expect(processProvisioner.schema.parse({ folder: "runner" })).toEqual({ folder: "runner", env: {} });
  });

  test.each([
    [{}, 'either "folder"'],
    [{ folder: "a", command: ["b"] }, 'either "folder"'],
    [{ command: [] }, "Too small"],
    [{ command: [""] }, "first entry"],
    [{ comand: ["a"] }, "comand"],
    [{ folder: "a", env: { "A B": "c" } }, "Invalid key"],
    [{ folder: "a", env: { ACTIONS_RUNNER_INPUT_JITCONFIG: "c" } }, "set for each runner"],
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
  function errors(changes: Partial<Checked>): string[] {
    const folder = temporaryFolder();
    const base: Checked = {
      root: folder,
      runnerFolder: undefined,
      command: ["true"],
      env: { PATH: process.env["PATH"] ?? "" },
      host: { pid: 100, uid: 1000 },
    };
    return checkHost({ ...base, ...changes })
      .filter((finding) => finding.level === "error")
      .map((finding) => finding.message);
  }

  test("says nothing bad of what works", () => {
    expect(errors({})).toEqual([]);
  });

  test("tells that the command is not there, or can't be run", () => {
    expect(errors({ command: ["no-such-program"] })).toEqual([expect.stringContaining("was not found")]);
    const plain = join(temporaryFolder(), "plain");
    writeFileSync(plain, "");
    expect(errors({ command: [plain] })).toEqual([expect.stringContaining("can't be executed")]);
  });

  test("tells what a runner folder lacks", () => {
    expect(errors({ runnerFolder: "/no/such" })).toEqual([expect.stringContaining("there is no folder")]);
    const folder = temporaryFolder();
    expect(errors({ runnerFolder: folder })).toEqual([expect.stringContaining("no run.sh")]);
    writeFileSync(join(folder, "run.sh"), "");
    expect(errors({ runnerFolder: folder })).toEqual([expect.stringContaining("can't be executed")]);
    chmodSync(join(folder, "run.sh"), 0o755);
    expect(errors({ runnerFolder: folder })).toEqual([]);
  });

  test("tells that run.sh refuses root, unless it is allowed", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "run.sh"), "");
    chmodSync(join(folder, "run.sh"), 0o755);
    const host = { pid: 100, uid: 0 };
    expect(errors({ runnerFolder: folder, host })).toEqual([expect.stringContaining("refuses to run as root")]);
    expect(errors({ runnerFolder: folder, host, env: { RUNNER_ALLOW_RUNASROOT: "1" } })).toEqual([]);
    expect(errors({ host })).toEqual([]);
  });

  test("tells that the state folder is missing", () => {
    expect(errors({ root: "/no/such" })).toEqual([expect.stringContaining("/no/such can't be written")]);
  });

  test("warns that process 1 takes all runners with it, and that runners are the daemon's own user", () => {
    const findings = checkHost({
      root: temporaryFolder(),
      runnerFolder: undefined,
      command: ["true"],
      env: { PATH: "/usr/bin:/bin" },
      host: { pid: 1, uid: 1000 },
    });
    expect(findings.map((finding) => finding.message).join("\n")).toMatch(/process 1 of its container.*\n.*same user/s);
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
