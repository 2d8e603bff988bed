import process from "node:process";
import { type AutoscalerConfig, createAutoscaler, defaultTimings } from "@scaleset/autoscaler";
import { realClock, realRandom, Secret } from "@scaleset/client";
import { defineProvisioner } from "@scaleset/provisioner";
import { MemoryHost } from "@scaleset/provisioner/testing";

/** One daemon with many scale sets, in a process of its own, so that what it takes can be measured alone. */
const [url = "", token = "", count = "", slowMs = ""] = process.argv.slice(2);
const names = Array.from({ length: Number(count) }, (_, at) => `set-${at}`);
/** When each scale set's runners were started. */
let startedAt: Record<string, number[]> = {};

const memory = defineProvisioner({
  kind: "memory",
  options: (z) => z.strictObject({ createMs: z.number() }),
  open: async ({ createMs }) =>
    new MemoryHost({
      clock: realClock,
      random: realRandom,
      latencies: { create: createMs },
      onStart: (name) => {
        const set = name.slice(0, name.lastIndexOf("-"));
        startedAt[set] = [...(startedAt[set] ?? []), realClock.now()];
        return new Promise(() => {});
      },
    }).open(),
});
const config: AutoscalerConfig = {
  github: { url, credentials: { kind: "token", token: new Secret(token) } },
  owner: "many",
  stateFolder: "/nowhere",
  baseFolder: "/nowhere",
  log: { level: "error", format: "json" },
  limits: { launchConcurrency: 10 },
  timings: defaultTimings,
  // Every second one has the slow backend.
  scaleSets: names.map((name, at) => ({
    name,
    labels: [name],
    runnerGroup: "default",
    minRunners: 0,
    maxRunners: 10,
    disableUpdate: false,
    namePrefix: name,
    workFolder: "_work",
    provisioner: { kind: "memory", options: { createMs: at % 2 === 0 ? 0 : Number(slowMs) } },
  })),
};
const daemon = createAutoscaler(config, { provisioners: [memory] });
process.on("message", (wish: string) => {
  if (wish === "forget") startedAt = {};
  if (wish === "collect") globalThis.gc?.();
  const { scaleSets } = daemon.status();
  process.send?.({
    holding: scaleSets.filter(({ state }) => state === "holding").length,
    cpu: process.cpuUsage(),
    rss: process.memoryUsage.rss(),
    heap: process.memoryUsage().heapUsed,
    startedAt,
  });
});
process.on("disconnect", () => process.exit());
await daemon.run({ signal: new AbortController().signal });
