import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import type { Clock } from "@scaleset/client";
import { realClock } from "@scaleset/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { launchShim } from "../src/shim.js";
import { type Host, openHost, processes, processesOf, runnerOf, until, untilExited } from "./host.js";

const BOOT_ID = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** An instance that a dead daemon left with these words in its `process` file. */
async function leftBehind(host: Host, name: string, words: readonly string[]): Promise<void> {
  await host.create(name);
  writeFileSync(join(host.folder(name), "claim"), "");
  writeFileSync(join(host.folder(name), "process"), `${words.join("\n")}\n`);
}

function bystander(): { pid: number; stat: string } {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  const { pid } = child;
  if (pid === undefined) throw new Error("no bystander");
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return { pid, stat: readFileSync(`/proc/${pid}/stat`, "utf8").trim() };
}

describe("what lives and what does not", () => {
  test("a stranger that got the number of a dead instance is not taken for it, and not killed", async () => {
    const host = await openHost({ command: ["true"] });
    const { pid, stat } = bystander();
    const earlier = stat.replace(/(\) (?:\S+ ){19})\d+/, "$17");
    expect(earlier).not.toBe(stat);
    await leftBehind(host, "reused", [String(pid), earlier, BOOT_ID]);
    expect(await host.find("reused")).toMatchObject({ state: "exited" });
    await host.destroy("reused");
    expect(processes().some((each) => each.pid === pid)).toBe(true);
  });

  test("the very process is taken for it, and ended with it", async () => {
    const host = await openHost({ command: ["true"] });
    const { pid, stat } = bystander();
    await leftBehind(host, "same", [String(pid), stat, BOOT_ID]);
    expect(await host.find("same")).toMatchObject({ state: "started" });
    await host.destroy("same");
    expect(processes().some((each) => each.pid === pid)).toBe(false);
  });

  test("nothing outlives a reboot, whatever has its number now", async () => {
    const host = await openHost({ command: ["true"] });
    const { pid, stat } = bystander();
    await leftBehind(host, "old", [String(pid), stat, "another-boot"]);
    expect(await host.find("old")).toMatchObject({ state: "exited", exitReason: "the host rebooted" });
    await host.destroy("old");
    expect(processes().some((each) => each.pid === pid)).toBe(true);
  });

  test("a zombie is dead", async () => {
    const host = await openHost({ command: ["true"] });
    // Its parent turns into a program that never collects a child.
    const parent = spawn("sh", ["-c", "sleep 0.05 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => {
      parent.kill("SIGKILL");
    });
    const pid = await new Promise<string>((resolve) =>
      parent.stdout.once("data", (data) => resolve(String(data).trim())),
    );
    const stat = await until("a zombie", () => {
      const line = readFileSync(`/proc/${pid}/stat`, "utf8").trim();
      return line.includes(") Z ") ? line : undefined;
    });
    await leftBehind(host, "zombie", [pid, stat, BOOT_ID]);
    expect(await host.find("zombie")).toMatchObject({ state: "exited" });
  });

  test("a runner whose shim was killed still runs, and is ended with its instance", async () => {
    const host = await openHost({ command: ["sleep", "60"] });
    await host.launch("orphan");
    const [shim] = readFileSync(join(host.folder("orphan"), "process"), "utf8").split("\n");
    const before = await runnerOf("orphan");
    kill(Number(shim), "SIGKILL");
    await until("a dead shim", () => (processesOf("orphan").includes(Number(shim)) ? undefined : true));
    expect(await host.find("orphan")).toMatchObject({ state: "started" });
    await host.destroy("orphan");
    expect(processes().some((each) => each.pid === before)).toBe(false);
  });

  test("an instance killed as a whole has ended, with a reason and no code", async () => {
    const host = await openHost({ command: ["sleep", "60"] });
    await host.launch("killed");
    await runnerOf("killed");
    for (const pid of processesOf("killed")) kill(pid, "SIGKILL");
    const instance = await untilExited(host, "killed");
    expect(instance.exitReason).toContain("killed");
  });

  test("a start that its daemon did not live to finish counts as started for a while, then as ended for good", async () => {
    let later = 0;
    const clock: Clock = { ...realClock, monotonic: () => realClock.monotonic() + later };
    const host = await openHost({ command: ["true"], clock });
    await host.create("claimed");
    writeFileSync(join(host.folder("claimed"), "claim"), "");
    expect(await host.find("claimed")).toMatchObject({ state: "started" });
    await host.start("claimed");
    later = 11_000;
    expect(await host.find("claimed")).toMatchObject({
      state: "exited",
      exitReason: expect.stringContaining("daemon"),
    });
    await expect(host.start("claimed")).rejects.toMatchObject({ kind: "gone" });

    const late = launchShim(
      { folder: host.folder("claimed"), command: ["touch", "ran"], env: {}, jitConfig: "jit" },
      host.signal(),
      () => {},
    );
    await expect(late).rejects.toMatchObject({ name: "BackendError" });
    expect(await host.find("claimed")).toMatchObject({ state: "exited" });
  });

  test("a command that is not there ends with a reason that says so", async () => {
    const host = await openHost({ command: ["no-such-command-anywhere"] });
    await host.launch("absent");
    expect(await untilExited(host, "absent")).toMatchObject({
      exitCode: 127,
      exitReason: expect.stringContaining("not found"),
    });
    expect(await host.logs("absent")).toContain("no-such-command-anywhere");
  });

  test("a runner that ended by a signal says which", async () => {
    const host = await openHost({ command: ["sh", "-c", "kill -KILL $$"] });
    await host.launch("signalled");
    expect(await untilExited(host, "signalled")).toMatchObject({ exitCode: 137, exitReason: "killed by SIGKILL" });
  });

  test.each(["the daemon's own child", "left by an earlier daemon"])(
    "a death that leaves no file behind is noticed by a watch: %s",
    async (whose) => {
      const own = whose === "the daemon's own child";
      // Looking at everything comes round at once, or not at all where the child's own end must be what tells.
      const sleep: Clock["sleep"] = (ms, options) => realClock.sleep(ms < 1_000 ? ms : own ? 60_000 : 50, options);
      const host = await openHost({ command: ["sleep", "60"], clock: { ...realClock, sleep } });
      const { pid, stat } = bystander();
      if (own) {
        await host.launch("silent");
        await runnerOf("silent");
      } else await leftBehind(host, "silent", [String(pid), stat, BOOT_ID]);
      const states: string[] = [];
      for await (const event of host.backend.watch({ signal: host.signal() })) {
        if (event.type !== "changed") continue;
        states.push(event.instance.state);
        if (event.instance.state === "exited") break;
        for (const each of own ? processesOf("silent") : [pid]) kill(each, "SIGKILL");
      }
      expect(states).toEqual(["started", "exited"]);
    },
  );
});

describe("what an instance leaves behind", () => {
  test("processes that left its session end with it", async () => {
    const host = await openHost({ command: ["sh", "-c", "setsid sleep 61 & setsid sleep 62 & wait"] });
    await host.launch("scattered");
    await until("both", () =>
      processes().filter((each) => ["sleep 61 ", "sleep 62 "].includes(each.arguments.replaceAll("\0", " "))).length ===
      2
        ? true
        : undefined,
    );
    await host.destroy("scattered");
    expect(processesOf("scattered")).toEqual([]);
  });

  test("what a job left running after its runner ended goes when the instance is destroyed", async () => {
    const host = await openHost({ command: ["sh", "-c", "sleep 63 >/dev/null 2>&1 & exit 0"] });
    await host.launch("leftover");
    expect(await untilExited(host, "leftover")).toMatchObject({ exitCode: 0 });
    expect(processesOf("leftover")).not.toEqual([]);
    await host.destroy("leftover");
    expect(processesOf("leftover")).toEqual([]);
  });
});
