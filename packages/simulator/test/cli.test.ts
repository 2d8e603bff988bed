import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { expect, test } from "vitest";
import { temporaryFolder } from "./kit/temporary-folder.js";
import { send } from "./raw-client.js";

const cli = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

function start(...args: string[]) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const line = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        text += String(chunk);
        if (text.includes("\n")) resolve(text);
      });
    }
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, line, exit };
}

test("the program prints what a client needs, serves it with its faults, and ends on SIGTERM with 0", async () => {
  const file = join(temporaryFolder(), "faults.json");
  writeFileSync(file, JSON.stringify([{ call: "create-registration-token", effect: { kind: "answer", status: 503 } }]));
  const program = start("--port", "0", "--org", "acme", "--token", "t-1", "--json", "--faults", file);
  const { url, configUrl, token, control } = JSON.parse(await program.line);
  expect([configUrl, token]).toEqual([`${url}/acme`, "t-1"]);
  expect((await send(fetch, `${control}/state`)).status).toBe(200);
  const struck = await send(fetch, `${url}/api/v3/orgs/acme/actions/runners/registration-token`, {
    method: "POST",
    token,
  });
  expect(struck.status).toBe(503);
  const taken = start("--port", new URL(url).port);
  expect(await taken.line).toMatch(/is taken.*--port/);
  expect(await taken.exit).toBe(1);
  program.child.kill("SIGTERM");
  expect(await program.exit).toBe(0);
});

test("a faults file that is wrong is refused with the place of the mistake", async () => {
  const file = join(temporaryFolder(), "faults.json");
  writeFileSync(file, JSON.stringify([{ effect: { kind: "hang" } }, { effect: { kind: "latency" } }]));
  const program = start("--port", "0", "--faults", file);
  expect(await program.exit).toBe(1);
  expect(await program.line).toContain("[1].effect.ms");
});

test("a check that no client came to ends with 1, over HTTPS and with an App as well", async () => {
  const program = start(
    "--port",
    "0",
    "--tls",
    "--github-app",
    "--scenario",
    "stale-session",
    "--check",
    "--wait",
    "0.2",
    "--json",
  );
  const places = JSON.parse((await program.line).split("\n")[0] ?? "");
  expect(places).toMatchObject({ url: expect.stringMatching(/^https:/), appId: 1, installationId: 1 });
  expect([places.privateKeyFile, places.caFile]).toEqual([
    expect.stringMatching(/\.pem$/),
    expect.stringMatching(/\.pem$/),
  ]);
  expect(await program.exit).toBe(1);
});

test("a person is told what to put into a client, in words; the journal is a file of JSON lines", async () => {
  const file = join(temporaryFolder(), "journal.jsonl");
  const program = start("--port", "0", "--tls", "--github-app", "--journal", file, "--org", "acme/app");
  const text = await program.line;
  const said = (name: string) => new RegExp(`^  ${name} +(\\S+)$`, "m").exec(text)?.[1];
  expect(said("config URL")).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/acme\/app$/);
  expect([said("token"), said("App id"), said("installation")]).toEqual(["simulator-token", "1", "1"]);
  const [key, ca] = [said("App key") ?? "", said("CA") ?? ""];
  expect(readFileSync(key, "utf8")).toContain("BEGIN RSA PRIVATE KEY");
  expect(statSync(key).mode & 0o077).toBe(0);
  const dispatcher = new Agent({ connect: { ca: readFileSync(ca, "utf8") } });
  const { origin } = new URL(said("config URL") ?? "");
  await (await request(`${origin}/nowhere`, { dispatcher })).body.dump();
  await dispatcher.close();
  program.child.kill("SIGTERM");
  expect(await program.exit).toBe(0);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ seq: 1, subject: "request", status: 404 }]);
  // What was made for this run goes with it.
  expect([existsSync(key), existsSync(ca)]).toEqual([false, false]);
});

test("a scenario that is none is refused with its places, before anything is served", async () => {
  const file = join(temporaryFolder(), "bad.yaml");
  writeFileSync(file, "name: x\nabut: y\n");
  const program = start("--port", "0", "--scenario", file);
  expect(await program.line).toContain("bad.yaml:2:1 abut: unknown key abut");
  expect(await program.exit).toBe(1);
});
