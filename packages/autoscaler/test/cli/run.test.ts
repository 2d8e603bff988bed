import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { start, testFolder } from "./program.js";

/** Port 9 of loopback: nobody listens, so the daemon keeps trying. */
const FLAGS = ["--url", "http://127.0.0.1:9/my-org", "--name", "linux-x64", "--runner-folder", "./runner"];

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s stops the daemon gracefully, though its service can't be reached",
  async (signal) => {
    const cwd = testFolder();
    const daemon = start(
      ["run", ...FLAGS, "--state-folder", "state", "--log-format", "json", "--token", "test-token-value"],
      { cwd },
    );
    await daemon.says(/"starting"/);
    daemon.process.kill(signal);
    expect(await daemon.ended).toBe(0);
    const records = daemon
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.at(-1)).toMatchObject({ level: "info", msg: "stopped" });
    expect(records).toContainEqual(
      expect.objectContaining({ level: "warn", msg: expect.stringMatching(/^--token: every user/) }),
    );
    expect(daemon.stdout() + daemon.stderr()).not.toContain("test-token-value");
  },
);

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("a second %s ends a stop that hangs", async (signal, code) => {
  const module = pathToFileURL(new URL("../../dist/cli/signals.js", import.meta.url).pathname).href;
  const script = `
    const { stopRequests } = await import(${JSON.stringify(module)});
    stopRequests(() => console.log("first"), () => console.log("second"));
    setInterval(() => {}, 1_000);
    console.log("ready");`;
  const hanging = start([], { main: ["--input-type=module", "-e", script] });
  await hanging.says(/ready/);
  hanging.process.kill(signal);
  await hanging.says(/first/);
  hanging.process.kill(signal);
  expect(await hanging.ended).toBe(code);
});
