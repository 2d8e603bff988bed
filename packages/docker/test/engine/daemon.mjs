// A daemon as a process of its own: `daemon.mjs ORDERS`. Written out of what is built.
import { readFileSync } from "node:fs";
import { createAutoscaler, defaultTimings } from "@scaleset/autoscaler";
import { Secret } from "@scaleset/client";
import { provisioner } from "@scaleset/docker";

const orders = JSON.parse(readFileSync(process.argv[2], "utf8"));
const log = (level) => (data, message) => {
  const { err, ...rest } = data;
  console.log(JSON.stringify({ time: new Date().toISOString(), level, message, err: err && String(err), ...rest }));
};
const name = "containers";
const autoscaler = createAutoscaler(
  {
    github: { url: orders.configUrl, credentials: { kind: "token", token: new Secret(orders.token) } },
    owner: "test-daemon",
    stateFolder: orders.stateFolder,
    baseFolder: orders.stateFolder,
    log: { level: "debug", format: "json" },
    limits: { launchConcurrency: 10 },
    timings: { ...defaultTimings, surplusMs: 2_000, inventoryIntervalMs: 5_000, lostConfirmMs: 5_000, retryMinMs: 500 },
    scaleSets: [
      {
        name,
        labels: [name],
        runnerGroup: "default",
        minRunners: 0,
        maxRunners: orders.maxRunners,
        disableUpdate: false,
        namePrefix: name,
        workFolder: "_work",
        provisioner: { kind: "docker", options: provisioner.schema.parse(orders.docker) },
      },
    ],
  },
  {
    provisioners: [provisioner],
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
  },
);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
await autoscaler.run({ signal: stop.signal });
