import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@scaleset/client";
import { realClock } from "@scaleset/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { draftName } from "../src/drafts.js";
import { openProcessTable } from "../src/process-table.js";
import { type Compiled, compileSources } from "./compiled.js";
import { openHost, processesOf, runnerOf, temporaryFolder, until, untilExited } from "./host.js";

let compiled: Compiled;
beforeAll(() => {
  compiled = compileSources(
    ["packages/process/src", "packages/autoscaler/src/state"],
    "packages/process/test/programs",
  );
});
afterAll(() => compiled[Symbol.dispose]());

interface Orders {
  readonly command: readonly string[];
  readonly create?: readonly string[];
  readonly start?: readonly string[];
}

/** A daemon in a process of its own. */
function startDaemon(
  stateFolder: string,
  { command, create = [], start = [] }: Orders,
): { child: ChildProcess; said: () => string } {
  const orders = JSON.stringify({ command, create, start });
  const child = spawn(process.execPath, [compiled.program("daemon"), stateFolder, orders], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return { child, said: () => text };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** Counts in a file how often it was run, then works until it is told to end. */
function countingRunner(counts: string): string[] {
  return ["sh", "-c", `echo run >>'${counts}'/"$SCALESET_INSTANCE"; exec sleep 60`];
}

describe("when the daemon is killed", () => {
  test("runners go on, and the next daemon finds them all, and how they end", async () => {
    const stateFolder = temporaryFolder();
    const finish = join(stateFolder, "finish");
    // Ends with 3 once it is told to, which is after the daemon's death.
    const command = ["sh", "-c", `while [ ! -e '${finish}' ]; do sleep 0.05; done; exit 3`];
    const daemon = startDaemon(stateFolder, { command, create: ["waiting"], start: ["ending", "working"] });
    await until("a daemon that is ready", () => (daemon.said().includes("ready") ? true : undefined));
    await kill(daemon.child);

    const next = await openHost({ command: ["sleep", "60"], stateFolder });
    expect((await next.find("waiting"))?.state).toBe("created");
    expect((await next.find("working"))?.state).toBe("started");
    await next.destroy("working");
    expect(processesOf("working")).toEqual([]);
    writeFileSync(finish, "");
    expect(await untilExited(next, "ending")).toMatchObject({ exitCode: 3 });
    await next.start("waiting");
    expect((await next.find("waiting"))?.state).toBe("started");
  });

  test("an exit while no daemon lives is found by the next one", async () => {
    const stateFolder = temporaryFolder();
    const daemon = startDaemon(stateFolder, { command: ["sh", "-c", "sleep 0.1; exit 7"], start: ["short"] });
    await until("a daemon that is ready", () => (daemon.said().includes("ready") ? true : undefined));
    await kill(daemon.child);
    await until("no process of it is left", () => (processesOf("short").length === 0 ? true : undefined));
    const next = await openHost({ command: ["true"], stateFolder });
    expect(await next.find("short")).toMatchObject({ state: "exited", exitCode: 7 });
  });

  test("at any moment of a start, no instance ever runs twice, and each is started or has ended", async () => {
    for (const delayMs of [0, 15, 40]) {
      const stateFolder = temporaryFolder();
      const counts = join(stateFolder, "counts");
      mkdirSync(counts);
      const names = Array.from({ length: 8 }, (_, index) => `crash-${index}`);
      const command = countingRunner(counts);
      const daemon = startDaemon(stateFolder, { command, start: names });
      await until("a daemon that starts", () => (daemon.said().includes("starting") ? true : undefined));
      await realClock.sleep(delayMs);
      await kill(daemon.child);

      let later = 0;
      const clock: Clock = { ...realClock, monotonic: () => realClock.monotonic() + later };
      const next = await openHost({ command, stateFolder, clock });
      for (const name of names) await next.start(name).catch(() => {});
      await realClock.sleep(200);
      later = 3_600_000; // long after any start of the dead daemon could still come to something
      for (const name of names) {
        const runs = (): number => {
          const file = join(counts, name);
          return existsSync(file) ? readFileSync(file, "utf8").split("run").length - 1 : 0;
        };
        const state = (await next.find(name))?.state;
        expect(["started", "exited"], `${name} after ${delayMs} ms`).toContain(state);
        if (state === "started") await until(`${name} runs`, () => (runs() > 0 ? true : undefined));
        expect(runs(), `runs of ${name} after ${delayMs} ms`).toBeLessThanOrEqual(1);
        if (state === "exited") expect(processesOf(name)).toEqual([]);
        await next.destroy(name);
      }
    }
  });

  test("its half-made folders are cleared away, those of a living daemon are not", async () => {
    const stateFolder = temporaryFolder();
    const root = join(stateFolder, "processes");
    const dead = spawn("true");
    await new Promise((resolve) => dead.once("exit", resolve));
    // In a container the next daemon often has the number of the dead one.
    const drafts = [`.new-${dead.pid}-7-1-x`, `.new-${process.pid}-7-1-x`, ".gone-1-x"];
    const leftovers = drafts.map((name) => join(root, name));
    const ours = join(root, await draftName(await openProcessTable(), "1-x"));
    for (const folder of [...leftovers, ours]) mkdirSync(join(folder, "work"), { recursive: true });
    const next = await openHost({ command: ["true"], stateFolder });
    for (const folder of leftovers) expect(existsSync(folder)).toBe(false);
    expect(existsSync(ours)).toBe(true);
    expect(await next.backend.list({ signal: next.signal() })).toEqual([]);
  });
});

test("a daemon out of file handles lacks room for a start, says so, and goes on", async () => {
  const stateFolder = temporaryFolder();
  const command = `ulimit -n 512; exec "$0" "$1" "$2"`;
  const args = ["-c", command, process.execPath, compiled.program("few-handles"), stateFolder];
  const { outcome, state } = JSON.parse(execFileSync("sh", args, { encoding: "utf8", timeout: 20_000 }));
  expect(outcome).toMatch(/^capacity: .*file handles/);
  expect(["created", "exited"]).toContain(state);
});

test("of two daemons that start one instance at the same time, one does, and neither fails", async () => {
  const stateFolder = temporaryFolder();
  const command = ["sh", "-c", "echo on; exec sleep 60"];
  const [one, other] = [await openHost({ command, stateFolder }), await openHost({ command, stateFolder })];
  for (const name of ["a", "b", "c"]) {
    await one.create(name);
    await Promise.all([one.start(name), other.start(name)]);
    await runnerOf(name);
    await until("its output", async () => ((await one.logs(name)) === "" ? undefined : true));
    expect(await other.logs(name)).toBe("on\n");
  }
});
