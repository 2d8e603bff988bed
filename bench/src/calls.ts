import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import { Pool } from "undici";
import { startServer } from "./children.js";
import type { Figure } from "./figures.js";

export interface Effort {
  readonly rounds: number;
  readonly calls: number;
}

interface Measured {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

/** One plain call, `getRunner`, against the same request made with undici alone, JSON parsed. */
export async function benchCalls({ rounds, calls }: Effort): Promise<Figure[]> {
  using server = await startServer();
  await using client = new ScaleSetClient({
    configUrl: `${server.origin}/bench`,
    credentials: personalAccessToken("token"),
    maxRequestsPerSecond: 1e9,
    env: {},
  });
  const pool = new Pool(server.origin, { connections: 50, pipelining: 1 });
  const path = "/actions/_apis/distributedtask/pools/0/agents/7?api-version=6.0-preview";
  // The same bytes on the wire as ours.
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    authorization: `Bearer e30.${Buffer.from(JSON.stringify({ exp: 4_102_444_800 })).toString("base64url")}.x`,
    "user-agent": JSON.stringify(client.systemInfo).padEnd(150),
  };
  const bare = async (): Promise<void> => {
    const { body } = await pool.request({ path, method: "GET", headers });
    await body.json();
  };
  const ours = async (): Promise<void> => {
    await client.getRunner(7);
  };
  const figures: Figure[] = [];
  for (const inFlight of [1, 50]) {
    const measured: Record<"ours" | "bare", Measured[]> = { ours: [], bare: [] };
    await measure(bare, { calls: calls / 2, inFlight });
    await measure(ours, { calls: calls / 2, inFlight });
    for (let round = 0; round < rounds; round++) {
      measured.bare.push(await measure(bare, { calls, inFlight }));
      measured.ours.push(await measure(ours, { calls, inFlight }));
    }
    const how = inFlight === 1 ? "one after the other" : `${inFlight} in flight`;
    const of = (pick: (one: Measured) => number) => ({
      ours: measured.ours.map(pick),
      bare: measured.bare.map(pick),
    });
    figures.push(
      { name: `CPU of a call, ${how}`, unit: "µs", goal: 1.5, ...of(({ cpuMicros }) => cpuMicros) },
      { name: `calls, ${how}`, unit: "a second", goal: undefined, ...of(({ perSecond }) => perSecond) },
    );
  }
  await pool.close();
  return figures;
}

async function measure(
  call: () => Promise<void>,
  { calls, inFlight }: { readonly calls: number; readonly inFlight: number },
): Promise<Measured> {
  globalThis.gc?.();
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMicros: (user + system) / calls, perSecond: calls / seconds };
}
