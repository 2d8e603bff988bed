import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { openHost, processes, processesOf, runnerOf, temporaryFolder, until, untilExited } from "./host.js";

/** Whether this process may mount; tried, since a container's root often may not. */
const canMount = ((): boolean => {
  const folder = temporaryMountPoint();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
})();

function temporaryMountPoint(): string {
  const folder = join("/tmp", `scaleset-mount-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

let disks = 0;

/** A small disk of its own, until the test is over, wherever it was moved to by then. */
function smallDisk(folder: string, options = "size=1m"): string {
  mkdirSync(folder, { recursive: true });
  disks += 1;
  const source = `scaleset-test-${process.pid}-${disks}`;
  execFileSync("mount", ["-t", "tmpfs", "-o", options, source, folder]);
  onTestFinished(() => {
    for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
      const [from, place = ""] = line.split(" ");
      if (from === source) execFileSync("umount", ["--lazy", place.replaceAll("\\040", " ")]);
    }
  });
  return folder;
}

function fill(disk: string): void {
  try {
    writeFileSync(join(disk, "ballast"), Buffer.alloc(16_000_000));
  } catch {
    // That is the point.
  }
}

// A run that may not mount says so here, by this title.
describe.skipIf(!canMount)("on a disk of its own (needs the right to mount)", () => {
  test("that is full, nothing new is made: no room, in clear words, and what there is stays listed", async () => {
    const disk = smallDisk(temporaryFolder());
    const host = await openHost({ command: ["sleep", "60"], stateFolder: disk });
    await host.create("early");
    fill(disk);
    const failure = await host.create("late").catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "capacity", message: expect.stringContaining("the disk is full") });
    expect((await host.find("early"))?.state).toBe("created");
    expect(readdirSync(join(disk, "processes"))).toEqual(["early"]);
  });

  test("that fills up later, instances made before still start, end with their code, and can be destroyed", async () => {
    const disk = smallDisk(temporaryFolder());
    const go = join(temporaryFolder(), "go");
    const script = `while [ ! -e '${go}' ]; do echo waiting; sleep 0.02; done; exit 7`;
    const host = await openHost({ command: ["sh", "-c", script], stateFolder: disk });
    for (const name of ["runs", "starts", "unused"]) await host.create(name);
    await host.start("runs");
    await runnerOf("runs");
    fill(disk);
    await host.start("starts");
    await host.destroy("unused");
    fill(disk);
    expect((await host.find("starts"))?.state).toBe("started");
    writeFileSync(go, "");
    for (const name of ["runs", "starts"]) expect(await untilExited(host, name)).toMatchObject({ exitCode: 7 });
    // Written into room that was theirs from the beginning, which nobody else can take in between.
    for (const file of ["process", "exit"])
      expect(statSync(join(host.folder("starts"), file)).size).toBeGreaterThan(200);
    for (const name of ["runs", "starts"]) {
      await host.destroy(name);
      expect(existsSync(host.folder(name))).toBe(false);
    }
    await host.create("again");
  });

  test("that is full, an instance that is given up can never start any more", async () => {
    const disk = smallDisk(temporaryFolder());
    const host = await openHost({ command: ["true"], stateFolder: disk });
    await host.create("idle");
    // What was started by a daemon that died at once; the time for a process of it to turn up is over.
    writeFileSync(join(host.folder("idle"), "claim"), "");
    fill(disk);
    const impatient = AbortSignal.timeout(5_000);
    mkdirSync(join(host.folder("idle"), "work/kept"), { recursive: true });
    await host.backend.destroy("idle", { graceMs: 0, signal: impatient });
    expect(await host.find("idle")).toBeUndefined();
  });

  test("that has become read-only, the list is whole, runners are still ended, and it says what to do", async () => {
    const disk = smallDisk(temporaryFolder());
    const host = await openHost({ command: ["sleep", "60"], stateFolder: disk });
    await host.create("idle");
    await host.launch("busy");
    await runnerOf("busy");
    // Nothing may be open for writing; where a disk turns read-only by itself, that is no matter.
    const own = processesOf("busy");
    const writer = processes().find((each) => own.includes(each.pid) && each.arguments.startsWith("dd\0"));
    kill(writer?.pid ?? 0, "SIGKILL");
    await until("a disk that is read-only", () => {
      try {
        execFileSync("mount", ["-o", "remount,ro", disk], { stdio: "ignore" });
        return true;
      } catch {
        return undefined;
      }
    });
    const readOnly = { kind: "rejected", message: expect.stringContaining("is read-only") };
    await expect(host.create("new")).rejects.toMatchObject(readOnly);
    await expect(host.start("idle")).rejects.toMatchObject(readOnly);
    expect((await host.find("idle"))?.state).toBe("created");
    await expect(host.destroy("busy")).rejects.toMatchObject(readOnly);
    await until("its end", () => (processesOf("busy").length === 0 ? true : undefined));
    const errors = (await host.backend.check({ signal: host.signal() })).filter(({ level }) => level === "error");
    expect(errors).toEqual([
      expect.objectContaining({
        message: expect.stringContaining("can't be written"),
        remedy: expect.stringContaining("writable"),
      }),
    ]);
    const next = await openHost({ command: ["sleep", "60"], stateFolder: disk });
    expect((await next.backend.list({ signal: next.signal() })).map(({ name }) => name).sort()).toEqual([
      "busy",
      "idle",
    ]);
    execFileSync("mount", ["-o", "remount,rw", disk]);
    await host.destroy("busy");
    expect(await host.find("busy")).toBeUndefined();
  });

  test("what a job mounted is not emptied, does not keep the runner's place, and goes once it is unmounted", async () => {
    const stateFolder = temporaryFolder();
    const log: string[] = [];
    const host = await openHost({ command: ["true"], stateFolder, log });
    await host.launch("mounting");
    await untilExited(host, "mounting");
    const outside = smallDisk(join(host.folder("mounting"), "work/a bucket"));
    writeFileSync(join(outside, "precious"), "x");
    await host.destroy("mounting");
    expect(await host.find("mounting")).toBeUndefined();
    const root = join(stateFolder, "processes");
    const [left = ""] = readdirSync(root);
    expect(left).toMatch(/^\.gone-/);
    const moved = join(root, left, "work/a bucket");
    expect(readFileSync(join(moved, "precious"), "utf8")).toBe("x");
    expect(log.join("\n")).toMatch(/can't be removed.*mounting.*something is mounted at/);
    await openHost({ command: ["true"], stateFolder });
    expect(readFileSync(join(moved, "precious"), "utf8")).toBe("x");
    execFileSync("umount", [moved]);
    await openHost({ command: ["true"], stateFolder });
    expect(readdirSync(root)).toEqual([]);
  });

  test("a runner folder elsewhere is copied in full", async () => {
    const folder = smallDisk(temporaryFolder());
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/Runner.Listener"), "x", { mode: 0o755 });
    writeFileSync(join(folder, "run.sh"), "#!/bin/sh\nexit 4\n", { mode: 0o755 });
    const host = await openHost({ runner: { folder } });
    await host.launch("far");
    expect(await untilExited(host, "far")).toMatchObject({ exitCode: 4 });
    expect(statSync(join(host.folder("far"), "work/bin/Runner.Listener")).nlink).toBe(1);
  });
});
