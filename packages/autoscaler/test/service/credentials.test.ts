import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScaleSetClient } from "@scaleset/client";
import { createSimulator } from "@scaleset/simulator";
import { expect, onTestFinished, test, vi } from "vitest";
import type { SecretConfig } from "../../src/config/config.js";
import { credentialsFrom } from "../../src/service/credentials.js";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "scaleset-credentials-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A client that signs in at a simulator with what the config says. */
function clientWith(
  token: SecretConfig,
  callDeadlineMs = 15_000,
): { readonly simulator: ReturnType<typeof createSimulator>; readonly ask: () => Promise<unknown> } {
  const simulator = createSimulator();
  const client = new ScaleSetClient({
    configUrl: simulator.configUrl("my-org"),
    credentials: credentialsFrom({ kind: "token", token }),
    fetch: simulator.fetch,
    timings: { callDeadlineMs },
    retry: { attempts: 1 },
  });
  onTestFinished(() => client.close());
  return { simulator, ask: () => client.getRunnerGroupByName("default") };
}

const script = (text: string): readonly string[] => [process.execPath, "-e", text];

test("a token comes from a command, run in the config's folder without a shell", async () => {
  const home = folder();
  const simulated = createSimulator();
  writeFileSync(join(home, "there"), simulated.token);
  const print = script("process.stdout.write(require('fs').readFileSync('there', 'utf8') + '\\n\\n')");
  const { ask } = clientWith({ command: print, folder: home });
  expect(await ask()).toMatchObject({ name: expect.stringMatching(/default/i) });
});

test("a file is read again when its token is refused", async () => {
  const home = folder();
  const file = join(home, "token");
  writeFileSync(file, "an-old-one\n");
  const { ask, simulator } = clientWith({ file });
  await expect(ask()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  writeFileSync(file, `${simulator.token}\n`);
  // A sign-in that failed is given a rest before the next.
  await vi.waitFor(ask, { timeout: 15_000, interval: 100 });
});

test.each([
  [
    "fails",
    script("console.log('ghp_printed'); console.error('ghp_printed'); process.exit(3)"),
    /ended with exit code 3/,
  ],
  ["prints nothing", script(""), /the token is empty/],
  ["is not there", ["/nowhere/vault"], /is not there/],
  ["prints far too much", script("process.stdout.write('ghp_printed'.repeat(20_000))"), /printed more than/],
  ["kills itself", script("process.kill(process.pid, 'SIGKILL')"), /was ended by SIGKILL/],
  ["prints two lines", script("console.log('ghp_printed\\nghp_printed')"), /printed blanks or line ends/],
])("a command that %s is told in the error's own words, and never what it printed", async (_, command, words) => {
  const { ask } = clientWith({ command, folder: folder() });
  const error = await ask().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "UNAUTHORIZED" });
  expect(error).toHaveProperty("message", expect.stringMatching(words));
  const told = allOf(error);
  expect(told).not.toContain("ghp_printed");
});

test("a token's file that holds more than the token is told by its name, and never what it holds", async () => {
  const file = join(folder(), "token");
  writeFileSync(file, "ghp_written\nghp_written\n");
  const { ask } = clientWith({ file });
  const error: unknown = await ask().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "UNAUTHORIZED", message: expect.stringContaining(`${file} holds blanks`) });
  expect(allOf(error)).not.toContain("ghp_written");
});

test("a command that hangs is ended with the call's deadline", async () => {
  const { ask } = clientWith({ command: script("setInterval(() => {}, 1000)"), folder: folder() }, 500);
  await expect(ask()).rejects.toMatchObject({ code: "TIMEOUT" });
});

/** An error and its causes, as a log might show them. */
function allOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack} ${allOf(error.cause)}` : String(error);
}
