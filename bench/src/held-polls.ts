import { Listener, personalAccessToken, realClock, ScaleSetClient } from "@scaleset/client";
import { Agent, request } from "undici";

/** Run as a process: holds `count` polls in one of two ways, and tells its memory whenever it is asked. */
const [way, origin = "", countText = "0"] = process.argv.slice(2);
const count = Number(countText);

async function bare(): Promise<void> {
  const agent = new Agent({ pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const poll = async (id: number): Promise<void> => {
    for (;;) {
      const { body } = await request(`${origin}/queue/${id}?sessionId=${id}`, {
        dispatcher: agent,
        headers: { accept: "application/json", authorization: "Bearer queue-token", "user-agent": "bench" },
      });
      await body.text();
    }
  };
  for (let id = 1; id <= count; id++) void poll(id).catch(() => {});
}

async function ours(): Promise<void> {
  const client = new ScaleSetClient({
    configUrl: `${origin}/bench`,
    credentials: personalAccessToken("token"),
    maxRequestsPerSecond: 1e9,
    env: {},
    // Runs fast, so that a poll of some milliseconds counts as one that was held.
    clock: { ...realClock, monotonic: () => performance.now() * 10_000 },
  });
  const { signal } = new AbortController();
  for (let id = 1; id <= count; id++) {
    const listener = new Listener({ client, scaleSet: id, owner: "bench", maxCapacity: 10, handler: {} });
    void listener.run({ signal }).catch((error: unknown) => console.error(error));
  }
}

process.on("message", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ bytes: heapUsed + external, rss });
});
process.on("disconnect", () => process.exit(0));
// Loaded and warm before anything is counted.
await request(`${origin}/held`).then(({ body }) => body.text());
process.send?.({ ready: true });
process.once("message", () => void (way === "bare" ? bare() : ours()));
