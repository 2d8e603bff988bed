import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { run, start, testFolder } from "./program.js";

const FLAGS = ["--url", "http://127.0.0.1:9/my-org", "--name", "linux-x64", "--runner-folder", "./runner"];

function daemon(
  cwd: string,
  stateFolder: string,
): readonly [readonly string[], { readonly cwd: string; readonly env: Readonly<Record<string, string>> }] {
  return [
    ["run", ...FLAGS, "--state-folder", stateFolder, "--log-format", "json"],
    { cwd, env: { SCALESET_TOKEN: "t" } },
  ];
}

/** A disk of a test's own. */
function mounted(folder: string, options: string): string {
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  onTestFinished(() => {
    if (readFileSync("/proc/self/mounts", "utf8").includes(` ${folder} `)) execFileSync("umount", ["--lazy", folder]);
  });
  return folder;
}

/** Whether this process may mount; tried, since a container's root often may not. */
const canMount = ((): boolean => {
  const folder = join("/tmp", `scaleset-state-mount-${process.pid}`);
  try {
    mkdirSync(folder);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
})();

test.each([
  ["is a file", "there", /the state folder .*there can't be used: there is a file of that name/],
  ["is below a file", "there/below", /the state folder .*below can't be used: a part of its path is no folder/],
])("a state folder that %s ends the start in clear words", async (_, path, words) => {
  const cwd = testFolder();
  writeFileSync(join(cwd, "there"), "");
  const { code, stdout, stderr } = await run(...daemon(cwd, path));
  expect(stdout).toMatch(words);
  expect(stdout + stderr).not.toMatch(/ {4}at /);
  expect(code).toBe(1);
});

test("a second daemon on one state folder is refused, with the first one's process and what to do", async () => {
  const cwd = testFolder();
  const first = start(...daemon(cwd, "state"));
  await first.says(/"starting"/);
  await first.says(/the scale set is not available/);
  const { code, stdout } = await run(...daemon(cwd, "state"));
  expect(stdout).toMatch(
    new RegExp(`another daemon \\(process ${first.process.pid}\\) uses the state folder .*: end it, or give`),
  );
  expect(code).toBe(1);
  first.process.kill("SIGTERM");
  expect(await first.ended).toBe(0);
});

describe.skipIf(!canMount)("on a disk of its own (needs the right to mount)", () => {
  test("a state folder on a read-only disk ends the start in clear words", async () => {
    const cwd = testFolder();
    mounted(join(cwd, "disk"), "ro");
    const { code, stdout } = await run(...daemon(cwd, "disk/state"));
    expect(stdout).toMatch(
      /can't be used: it is on a read-only disk; mount it for writing, or give another one with stateFolder/,
    );
    expect(code).toBe(1);
  });

  test("a state folder on a full disk ends the start in clear words; one that fills up later lets the daemon stop well", async () => {
    const cwd = testFolder();
    const disk = mounted(join(cwd, "disk"), "size=64k");
    const fill = (): void => writeFileSync(join(disk, "filler"), Buffer.alloc(1024 * 1024));
    const running = start(...daemon(cwd, "disk/state"));
    await running.says(/the scale set is not available/);
    expect(fill).toThrow(/ENOSPC/);
    running.process.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(running.stdout()).not.toMatch(/not graceful/);
    const { code, stdout } = await run(...daemon(cwd, "disk/other"));
    expect(stdout).toMatch(/can't be used: its disk is full; make room, or give another one/);
    expect(code).toBe(1);
  });
});
