import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { personalAccessToken, ScaleSetClient } from "@scaleset/client";

// The loop by hand: nothing hidden, nothing forgiven. A lost session ends it; `Listener` is the one that stays.

const { CONFIG_URL = "https://github.com/my-org", GITHUB_TOKEN = "" } = process.env;
const [command = "./run.sh", ...args] = process.argv.slice(2);
const maxCapacity = 10;

const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
process.once("SIGINT", () => stopping.abort());
const { signal } = stopping;

await using client = new ScaleSetClient({ configUrl: CONFIG_URL, credentials: personalAccessToken(GITHUB_TOKEN) });
const group = await client.getRunnerGroupByName("default");
const set = await client.ensureRunnerScaleSet({ name: "polling-loop", runnerGroupId: group.id });

/** Runners that have not told yet that their job is done. */
const able = new Set<string>();

async function scaleTo(count: number): Promise<void> {
  while (able.size < Math.min(count, maxCapacity)) {
    const name = `polling-loop-${randomUUID().slice(0, 8)}`;
    const { encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name });
    able.add(name);
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ACTIONS_RUNNER_INPUT_JITCONFIG: encodedJitConfig.reveal() };
    const runner = spawn(command, args, { env, stdio: "inherit" });
    runner.on("error", (error) => console.error(`${name} did not start: ${error.message}`));
    runner.on("close", () => able.delete(name));
    console.log(`${name} started`);
  }
}

await using session = await client.openMessageSession(set.id, { owner: "polling-loop" });
console.log(`polling scale set ${set.id}`);
// Jobs that waited before we came are in the session's own statistics, and in no message to come.
await scaleTo(session.statistics.totalAssignedJobs);

let lastMessageId = 0;
while (!signal.aborted) {
  const message = await session.getMessage({ lastMessageId, maxCapacity, signal }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  // Nothing came for about 50 s: poll again.
  if (message === undefined) continue;
  lastMessageId = message.messageId;

  // A runner whose job is done takes no other one, also while its process has not ended yet.
  for (const job of message.jobs) if (job.messageType === "JobCompleted") able.delete(job.runnerName);
  // The level says how many; the messages only say who.
  await scaleTo(session.statistics.totalAssignedJobs);

  // Whatever is not acknowledged comes again. Told to end, the loop finishes what it has begun: only the poll is cut short.
  await session.acknowledge(message.messageId);
}
