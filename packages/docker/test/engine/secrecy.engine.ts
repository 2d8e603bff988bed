import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { docker, freshName, labels, openBackend, secret, soon } from "./bench.js";
import { until } from "./fleet-stage.js";

/** Takes the JIT config as the runner does, and forgets it; then it works on. */
const RUNNER = `unset ACTIONS_RUNNER_INPUT_JITCONFIG; echo working; exec sleep 300`;

test.each([
  ["in an ordinary container", {}],
  ["in one whose root can't be written", { readOnly: true }],
  ["of a user that the image has by name", { user: "runner" }],
  ["of root", { user: "0:0" }],
  [
    "that reads the file itself",
    {
      jitConfig: "file",
      command: ["sh", "-c", `cat $SCALESET_JIT_CONFIG_FILE >/dev/null && rm $SCALESET_JIT_CONFIG_FILE; ${RUNNER}`],
    },
  ],
])("a JIT config handed to a runner %s is found nowhere", async (_, options) => {
  const since = Math.floor(Date.now() / 1_000) - 1;
  const canary = `canary${freshName().replaceAll("-", "")}${"x".repeat(60)}`;
  const { backend, logged } = await openBackend({ command: ["sh", "-c", RUNNER], ...options });
  const name = freshName();
  await backend.create({ name, labels }, soon());
  await backend.start(name, secret(canary), soon());
  const output = async (): Promise<string> => (await backend.logs?.(name, { ...soon(), tailBytes: 10_000 })) ?? "";
  let printed = "";
  await until(
    "it works",
    async () => {
      printed = await output();
      return printed.includes("working");
    },
    30_000,
    () => printed,
  );
  await until("sleep has taken the shell's place", async () => {
    const { Processes } = await docker.getContainer(name).top();
    return JSON.stringify(Processes).includes("sleep 300");
  });

  const container = await docker.getContainer(name).inspect();
  const events = await docker.getEvents({ since, until: Math.ceil(Date.now() / 1_000) });
  const exported = await text(await docker.getContainer(name).export());
  const upper = Object(container.GraphDriver.Data)["UpperDir"];
  const volumes = container.Mounts.filter(({ Type }) => Type === "volume").map(({ Source }) => Source);
  const folders = [upper, ...volumes].filter((each) => typeof each === "string");
  const places: Record<string, string> = {
    inspect: JSON.stringify(container),
    output: await output(),
    events: await text(events),
    "the container's files": exported,
    "the engine's files of it": filesWith(canary, folders),
    "our log": logged.join("\n"),
    "the backend itself": inspect(backend, { depth: 8, showHidden: true }),
    "arguments and environments of processes": processes(),
  };
  for (const [place, content] of Object.entries(places)) expect(content.includes(canary), place).toBe(false);
});

/** The needle, if any file has it. */
function filesWith(needle: string, folders: readonly string[]): string {
  const { status, stdout } = spawnSync("grep", ["-rho", needle, ...folders, "/dev/null"], { encoding: "utf8" });
  if (status === 2) throw new Error(`grep could not look through ${folders.join(", ")}`);
  return stdout;
}

/** Of all processes of this machine. */
function processes(): string {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}
