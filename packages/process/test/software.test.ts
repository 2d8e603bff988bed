import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@scaleset/client";
import { realClock } from "@scaleset/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openProcessTable } from "../src/process-table.js";
import { DownloadedRunner, type DownloadOptions } from "../src/runner-source.js";
import { type Compiled, compileSources } from "./compiled.js";
import { openHost, quietLogger, temporaryFolder, until, untilExited } from "./host.js";
import {
  type Archive,
  archive,
  archiveOf,
  forgedArchive,
  openDepot,
  sendHalf,
  sendWhole,
  unpackedRunner,
  VERSION,
} from "./software.js";

let compiled: Compiled;
beforeAll(() => {
  compiled = compileSources(
    ["packages/process/src", "packages/autoscaler/src/state"],
    "packages/process/test/programs",
  );
});
afterAll(() => compiled[Symbol.dispose]());

interface Fetcher {
  readonly source: DownloadedRunner;
  readonly root: string;
  readonly ready: () => Promise<string>;
  readonly close: () => void;
}

async function fetcher(
  options: Partial<DownloadOptions> & { readonly url: string; readonly sha256: string },
): Promise<Fetcher> {
  const root = options.root ?? join(temporaryFolder(), "software");
  const life = new AbortController();
  let made = 0;
  const source = new DownloadedRunner({
    clock: realClock,
    logger: quietLogger,
    table: await openProcessTable(),
    nonce: () => {
      made += 1;
      return String(made);
    },
    life: life.signal,
    limits: { maxBytes: 1_000_000, stallMs: 5_000 },
    ...options,
    root,
  });
  const close = (): void => life.abort(new Error("closed"));
  onTestFinished(async () => {
    close();
    await source.close();
  });
  return { source, root, close, ready: async () => (await source.ready(AbortSignal.timeout(10_000))).folder };
}

/** What is in the folder of all software. */
function kept(root: string): string[] {
  return existsSync(root) ? readdirSync(root) : [];
}

describe("the runner's software from an address", () => {
  test("is downloaded once for all instances, each of which has a copy of its own", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    const depot = await openDepot(sendWhole(bytes));
    const log: string[] = [];
    const host = await openHost({ runner: { url: depot.url, sha256 }, log });
    const names = ["one", "two", "three"];
    await Promise.all(names.map((name) => host.launch(name)));
    for (const name of names) {
      expect(await untilExited(host, name)).toMatchObject({ exitCode: 7 });
      expect(await host.logs(name)).toContain(join(host.folder(name), "work"));
    }
    expect(depot.requests).toHaveLength(1);
    const [one, two] = names.map((name) => statSync(join(host.folder(name), "work/bin/Runner.Listener")));
    expect(one?.ino === two?.ino || one?.nlink === 1, "linked, or a copy that shares its blocks").toBe(true);
    expect(log.join("\n")).toContain(`the runner ${VERSION}`);
    const said = await host.backend.check({ signal: host.signal() });
    expect(said.map(({ message }) => message).join("\n")).toContain(`the runner ${VERSION}`);

    const next = await openHost({
      runner: { url: depot.url, sha256: sha256.toUpperCase() },
      stateFolder: host.stateFolder,
    });
    await next.create("four");
    expect(depot.requests).toHaveLength(1);
  });

  test("is what its checksum says, or nothing of it is kept", async () => {
    const { bytes } = await archiveOf(unpackedRunner());
    const depot = await openDepot(sendWhole(bytes));
    const { ready, root } = await fetcher({ url: depot.url, sha256: "0".repeat(64) });
    await expect(ready()).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringMatching(/has the sha256 .*say 0000/),
    });
    expect(kept(root)).toEqual([]);
  });

  test.each([
    ["not there", 404, "rejected"],
    ["forbidden", 403, "rejected"],
    ["refused for now", 429, "capacity"],
    ["broken", 503, "capacity"],
  ])("that is %s (%i) fails as %s, without the address's secrets", async (_how, status, kind) => {
    const depot = await openDepot((_request, response) => response.writeHead(status).end());
    const url = `${depot.url.replace("//", "//user:p%40ss@")}?sig=s3cret`;
    const { ready } = await fetcher({ url, sha256: "0".repeat(64) });
    const failure = await ready().catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(String(status)) });
    expect(String(failure)).not.toMatch(/p%40ss|p@ss|s3cret/);
    const { authorization = "" } = depot.requests[0]?.headers ?? {};
    expect(Buffer.from(authorization.slice("Basic ".length), "base64").toString()).toBe("user:p@ss");
  });

  test("that a server hangs on is given up, and tried again later", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    let later = 0;
    const clock: Clock = { ...realClock, monotonic: () => realClock.monotonic() + later };
    let answer = sendHalf(bytes);
    const depot = await openDepot((request, response) => answer(request, response));
    const limits = { maxBytes: 1_000_000, stallMs: 200 };
    const { ready, root } = await fetcher({ url: depot.url, sha256, limits, clock });
    await expect(ready()).rejects.toMatchObject({ kind: "capacity", message: expect.stringContaining("downloading") });
    expect(kept(root)).toEqual([]);
    answer = sendWhole(bytes);
    // Not at once: a thousand launches must not be a thousand downloads.
    await expect(ready()).rejects.toMatchObject({ kind: "capacity" });
    expect(depot.requests).toHaveLength(1);
    later = 6_000;
    expect(await ready()).toBe(join(root, sha256));
  });

  test("that takes its time is not waited for for ever; it says how far it is, and comes in the end", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    let rest = (): void => {};
    const depot = await openDepot((request, response) => {
      sendHalf(bytes)(request, response);
      rest = () => response.end(bytes.subarray(bytes.length / 2));
    });
    const { source, ready, root } = await fetcher({ url: depot.url, sha256, patienceMs: 300 });
    await expect(ready()).rejects.toMatchObject({
      kind: "capacity",
      message: expect.stringMatching(/being downloaded \(\d+ of \d+ MB\)/),
    });
    expect((await source.look()).finding?.message).toContain("not here yet");
    rest();
    await until("the software", async () => (await source.look()).software);
    expect(await ready()).toBe(join(root, sha256));
    expect(depot.requests).toHaveLength(1);
  });

  test("that is cut off, too large, or longer under way than ever is given up", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    const cut = await openDepot((request, response) => {
      sendHalf(bytes)(request, response);
      setImmediate(() => response.destroy());
    });
    await expect((await fetcher({ url: cut.url, sha256 })).ready()).rejects.toMatchObject({ kind: "capacity" });
    const whole = await openDepot(sendWhole(bytes));
    const small = { maxBytes: 100, stallMs: 1_000 };
    await expect((await fetcher({ url: whole.url, sha256, limits: small })).ready()).rejects.toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("larger than 100 bytes"),
    });
    const slow = await openDepot(sendHalf(bytes));
    await expect((await fetcher({ url: slow.url, sha256, totalMs: 200 })).ready()).rejects.toMatchObject({
      kind: "capacity",
      message: expect.stringContaining("more than 0.2 s"),
    });
  });

  const bad: [string, () => Promise<Archive> | Archive, string][] = [
    [
      "is cut off",
      async () => archive((await archiveOf(unpackedRunner())).bytes.subarray(0, 300)),
      "can't be unpacked",
    ],
    ["is no archive", () => archive(Buffer.from("<html>sign in</html>")), "can't be unpacked"],
    ["holds no runner", () => forgedArchive([{ path: "README", text: "hello" }]), "no run.sh"],
    ["has the runner in a folder", () => forgedArchive([{ path: "runner/run.sh", text: "#!/bin/sh" }]), "no run.sh"],
    ["leads out by a name", () => forgedArchive([{ path: "../../evil", text: "x" }]), "leads out"],
    ["leads out by an absolute name", () => forgedArchive([{ path: "/tmp/scaleset-evil", text: "x" }]), "leads out"],
    [
      "leads out by a link",
      () =>
        forgedArchive([
          { path: "bin", type: "SymbolicLink", linkpath: "../.." },
          { path: "bin/evil", text: "x" },
        ]),
      "leads out",
    ],
    [
      "leads out by an absolute link",
      () => forgedArchive([{ path: "bin", type: "SymbolicLink", linkpath: "/etc" }]),
      "leads out",
    ],
    [
      "leads out by a hard link",
      () => forgedArchive([{ path: "a", type: "Link", linkpath: "../../../../etc/passwd" }]),
      "leads out",
    ],
  ];
  test.each(bad)("whose archive %s is rejected, and nothing of it is left", async (_how, make, words) => {
    const { bytes, sha256 } = await make();
    const depot = await openDepot(sendWhole(bytes));
    const { ready, root } = await fetcher({ url: depot.url, sha256 });
    await expect(ready()).rejects.toMatchObject({ kind: "rejected", message: expect.stringContaining(words) });
    expect(kept(root)).toEqual([]);
    expect(readdirSync(join(root, "..")), "beside it").toEqual(["software"]);
  });

  test("belongs to whoever unpacked it, and can be read by all, whatever the archive and the umask say", async () => {
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const { bytes, sha256 } = forgedArchive([
      { path: "run.sh", text: "#!/bin/sh" },
      { path: "bin/x", text: "x" },
    ]);
    const depot = await openDepot(sendWhole(bytes));
    const folder = await (await fetcher({ url: depot.url, sha256 })).ready();
    for (const path of ["", "run.sh", "bin", "bin/x"]) {
      const { uid, mode } = statSync(join(folder, path));
      expect(uid, path).toBe(process.getuid?.());
      expect(mode & 0o005, path).toBe(0o005);
    }
  });

  test("of two that download it at the same time is one, and whole", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    const depot = await openDepot(sendWhole(bytes));
    const root = join(temporaryFolder(), "software");
    const both = [
      await fetcher({ url: depot.url, sha256, root }),
      await fetcher({ url: depot.url, sha256, root, nonce: () => "other" }),
    ];
    expect(await Promise.all(both.map(({ ready }) => ready()))).toEqual([join(root, sha256), join(root, sha256)]);
    expect(kept(root)).toEqual([sha256]);
  });

  test("is fetched anew by the next daemon when one was killed in the middle of it", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    let answer = sendHalf(bytes);
    const depot = await openDepot((request, response) => answer(request, response));
    const stateFolder = temporaryFolder();
    const software = join(stateFolder, "software");
    const orders = JSON.stringify({ runner: { url: depot.url, sha256 }, create: [], start: [] });
    const daemon = spawn(process.execPath, [compiled.program("daemon"), stateFolder, orders], { stdio: "ignore" });
    onTestFinished(() => void daemon.kill("SIGKILL"));
    const half = await until("half a file", () => {
      const draft = kept(software).find((name) => name.startsWith(".new-"));
      const file = draft === undefined ? "" : join(software, draft, "archive.tar.gz");
      return existsSync(file) && statSync(file).size > 0 ? draft : undefined;
    });
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGKILL");
    await ended;
    expect(kept(software)).toEqual([half]);

    answer = sendWhole(bytes);
    const next = await openHost({ runner: { url: depot.url, sha256 }, stateFolder });
    await next.create("whole");
    expect(kept(software)).toEqual([sha256]);
  });

  test("that nothing was made from for a month goes, and is fetched again when it is needed after all", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    const depot = await openDepot(sendWhole(bytes));
    const { source, ready, root } = await fetcher({ url: depot.url, sha256 });
    const old = await ready();
    const other = await fetcher({ url: depot.url, sha256: "1".repeat(64), root });
    await other.source.sweep();
    expect(existsSync(old)).toBe(true);
    const monthAgo = new Date(realClock.now() - 31 * 24 * 3_600_000);
    utimesSync(old, monthAgo, monthAgo);
    await source.sweep();
    expect(existsSync(old), "its own").toBe(true);
    await other.source.sweep();
    expect(existsSync(old)).toBe(false);
    expect(await ready()).toBe(old);
  });

  test("comes through the proxy that the environment names", async () => {
    const { bytes, sha256 } = await archiveOf(unpackedRunner());
    const proxy = await openDepot(sendWhole(bytes));
    for (const [name, value] of [
      ["http_proxy", new URL(proxy.url).origin],
      ["no_proxy", ""],
    ] as const) {
      const before = process.env[name];
      process.env[name] = value;
      onTestFinished(() => {
        if (before === undefined) delete process.env[name];
        else process.env[name] = before;
      });
    }
    const { ready, root } = await fetcher({ url: "http://runner.invalid/runner.tar.gz", sha256 });
    expect(await ready()).toBe(join(root, sha256));
    expect(proxy.requests[0]).toMatchObject({ method: "CONNECT", url: "runner.invalid:80" });
  });
});

test("a hook that is not there keeps instances from being made, rather than failing every job", async () => {
  const host = await openHost({ command: ["true"], hooks: { jobStarted: "before.sh" } });
  await expect(host.create("hooked")).rejects.toMatchObject({
    kind: "rejected",
    message: expect.stringContaining(join(host.stateFolder, "before.sh")),
  });
  writeFileSync(join(host.stateFolder, "before.sh"), "true\n");
  await host.create("hooked");
});

test("hooks reach the runner as absolute paths, before anything that env says of them", async () => {
  const stateFolder = temporaryFolder();
  mkdirSync(join(stateFolder, "hooks"));
  for (const name of ["before.sh", "after.sh"]) writeFileSync(join(stateFolder, "hooks", name), "true\n");
  const hooks = { jobStarted: "hooks/before.sh", jobCompleted: join(stateFolder, "hooks/after.sh") };
  const env = { ACTIONS_RUNNER_HOOK_JOB_STARTED: "elsewhere" };
  const host = await openHost({ command: ["env"], hooks, env, stateFolder });
  await host.launch("hooked");
  await untilExited(host, "hooked");
  const lines = (await host.logs("hooked")).split("\n");
  expect(lines).toContain(`ACTIONS_RUNNER_HOOK_JOB_STARTED=${stateFolder}/hooks/before.sh`);
  expect(lines).toContain(`ACTIONS_RUNNER_HOOK_JOB_COMPLETED=${stateFolder}/hooks/after.sh`);
  expect(readFileSync(join(stateFolder, "hooks/before.sh"), "utf8")).toBe("true\n");
});
