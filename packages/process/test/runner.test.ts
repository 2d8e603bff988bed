import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kill } from "node:process";
import { realClock } from "@scaleset/client";
import { describe, expect, onTestFinished, test } from "vitest";
import { openHost, processes, processesOf, runnerOf, temporaryFolder, until, untilExited } from "./host.js";

const CANARY = "jit-canary-4711+/=";

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** Of all files in it; one that is moved meanwhile does not count. */
function sizeOf(folder: string): number {
  return readdirSync(folder).reduce(
    (sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

describe("the JIT config", () => {
  test("is in the environment of the runner alone: in no argument, no file, no other process", async () => {
    const host = await openHost({ command: ["sleep", "60"] });
    await host.launch("secretive", CANARY);
    const runner = await runnerOf("secretive");
    const others = processes().filter((each) => each.pid !== runner && each.environment.includes(CANARY));
    expect(others).toEqual([]);
    expect(processes().filter((each) => each.arguments.includes(CANARY))).toEqual([]);
    expect(processesOf("secretive").length).toBeGreaterThan(1);
    const files = filesUnder(host.stateFolder);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(readFileSync(file, "utf8"), file).not.toContain(CANARY);
  });

  test("of more than one line is refused before the instance is spent", async () => {
    const host = await openHost({ command: ["sleep", "60"] });
    await host.create("fresh");
    await expect(host.start("fresh", "two\nlines")).rejects.toMatchObject({ kind: "rejected" });
    expect(await host.find("fresh")).toMatchObject({ state: "created" });
  });
});

describe("a runner's environment", () => {
  test("has what is on the list and what the options add, and nothing else of the daemon's", async () => {
    process.env["SCALESET_TEST_TOKEN"] = "the daemon's own";
    onTestFinished(() => {
      delete process.env["SCALESET_TEST_TOKEN"];
    });
    const host = await openHost({ command: ["env"], env: { RUNNER_TAG: "a b", jit: "mine", _scaleset_jit: "taken" } });
    await host.launch("environment", CANARY);
    await untilExited(host, "environment");
    const lines = await until("the environment", async () => {
      const printed = (await host.logs("environment")).split("\n");
      return printed.length > 5 ? printed : undefined;
    });
    const names = lines.map((line) => line.split("=")[0]).filter((name) => name !== "");
    const allowed = [
      "PATH",
      "HOME",
      "LANG",
      "TZ",
      "TMPDIR",
      "RUNNER_TAG",
      "jit",
      "SCALESET_INSTANCE",
      "ACTIONS_RUNNER_INPUT_JITCONFIG",
    ];
    // PWD and the like are the shell's own.
    const shells = ["PWD", "OLDPWD", "SHLVL", "_", "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE"];
    expect(names.filter((name) => ![...allowed, ...shells].includes(name ?? ""))).toEqual([]);
    expect(lines).toContain("RUNNER_TAG=a b");
    expect(lines).toContain("jit=mine");
    expect(lines).toContain("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1");
    expect(lines).toContain(`ACTIONS_RUNNER_INPUT_JITCONFIG=${CANARY}`);
    expect(lines).toContain(`PATH=${process.env["PATH"]}`);
  });
});

describe("a runner's output", () => {
  test("of any amount takes bounded room, and its end is kept", async () => {
    const host = await openHost({
      command: ["sh", "-c", "yes 0123456789abcdef | head -c 30000000; echo the end; sleep 60"],
    });
    await host.launch("chatty");
    const output = join(host.folder("chatty"), "output");
    const sizes: number[] = [];
    await until("the end", async () => {
      sizes.push(sizeOf(output));
      return (await host.logs("chatty")).endsWith("the end\n") ? true : undefined;
    });
    expect(Math.max(...sizes)).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    expect(await host.logs("chatty")).toHaveLength(65_536);
  });

  test("of little by little is shown at once", async () => {
    const host = await openHost({ command: ["sh", "-c", "echo first; sleep 60"] });
    await host.launch("slow");
    await until("the first line", async () => ((await host.logs("slow")) === "first\n" ? true : undefined));
  });

  test("just before its end is waited for, when it is slow to be written", async () => {
    const go = join(temporaryFolder(), "go");
    const host = await openHost({
      command: ["sh", "-c", `while [ ! -e '${go}' ]; do sleep 0.02; done; echo last words`],
    });
    await host.launch("hasty");
    const writer = await until("who writes its output", () => {
      const own = processesOf("hasty");
      return processes().find((each) => own.includes(each.pid) && each.arguments.startsWith("dd\0"))?.pid;
    });
    kill(writer, "SIGSTOP");
    writeFileSync(go, "");
    await untilExited(host, "hasty");
    const logs = host.logs("hasty");
    await realClock.sleep(50);
    kill(writer, "SIGCONT");
    expect(await logs).toBe("last words\n");
  });

  test("a tail starts with a whole character", async () => {
    const host = await openHost({ command: ["printf", "aäöü"] });
    await host.launch("umlauts");
    await until("the text", async () => ((await host.logs("umlauts")) === "aäöü" ? true : undefined));
    expect(await host.backend.logs?.("umlauts", { tailBytes: 3, signal: host.signal() })).toBe("ü");
  });
});

describe("a runner folder", () => {
  /** An unpacked runner, as far as it matters here: it writes into its own root, as the real one does. */
  function unpackedRunner(): string {
    const folder = temporaryFolder();
    for (const part of ["bin", "externals/node20", "_diag"]) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(
      join(folder, "run.sh"),
      '#!/bin/sh\ntest ! -e .runner || exit 9\necho "$SCALESET_INSTANCE" >.runner\n./bin/listener\nexit 7\n',
    );
    writeFileSync(join(folder, "bin/listener"), "#!/bin/sh\necho listening in $(pwd)\n");
    writeFileSync(join(folder, "externals/node20/node"), "x".repeat(1000));
    writeFileSync(join(folder, ".runner"), "another runner's\n");
    writeFileSync(join(folder, "_diag/old.log"), "old\n");
    for (const file of ["run.sh", "bin/listener"]) chmodSync(join(folder, file), 0o755);
    execFileSync("ln", ["-s", "node20", join(folder, "externals/node")]);
    return folder;
  }

  test("is cloned for each instance, which writes into its own only", async () => {
    const folder = unpackedRunner();
    const host = await openHost({ runner: { folder } });
    for (const name of ["one", "two"]) await host.launch(name);
    for (const name of ["one", "two"]) {
      expect(await untilExited(host, name)).toMatchObject({ exitCode: 7 });
      const work = join(host.folder(name), "work");
      expect(readFileSync(join(work, ".runner"), "utf8")).toBe(`${name}\n`);
      expect(await host.logs(name)).toContain(work);
      expect(readFileSync(join(work, "externals/node/node"), "utf8")).toHaveLength(1000);
      expect(existsSync(join(work, "_diag/old.log"))).toBe(false);
      expect(statSync(join(work, "run.sh")).ino).not.toBe(statSync(join(folder, "run.sh")).ino);
    }
    expect(readFileSync(join(folder, ".runner"), "utf8")).toBe("another runner's\n");
    await host.destroy("one");
    expect(existsSync(join(folder, "bin/listener"))).toBe(true);
  });

  test("that is not there rejects what would be made of it, and leaves nothing", async () => {
    const host = await openHost({ runner: { folder: "/no/such/folder" } });
    await expect(host.create("never")).rejects.toMatchObject({ kind: "rejected" });
    expect(readdirSync(join(host.stateFolder, "processes"))).toEqual([]);
  });
});

test("an instance is asked to end once, however often it is destroyed", async () => {
  const script = 'n=0; trap "n=\\$((n+1)); echo asked \\$n" TERM; echo on; while :; do sleep 0.05; done';
  const host = await openHost({ command: ["sh", "-c", script] });
  await host.launch("patient");
  await until("it runs", async () => ((await host.logs("patient")).startsWith("on") ? true : undefined));
  const impatient = new AbortController();
  const destroying = [0, 1].map(() => host.backend.destroy("patient", { graceMs: 60_000, signal: impatient.signal }));
  await until("it is asked", async () => ((await host.logs("patient")).includes("asked 1") ? true : undefined));
  await realClock.sleep(100);
  expect(await host.logs("patient")).not.toContain("asked 2");
  impatient.abort(new Error("enough"));
  for (const outcome of await Promise.allSettled(destroying)) expect(outcome.status).toBe("rejected");
});
