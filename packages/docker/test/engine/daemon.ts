import { type AutoscalerConfig, defaultTimings } from "@scaleset/autoscaler";
import { Secret } from "@scaleset/client";
import { provisioner } from "../../src/provisioner.js";

/** What a daemon of a test is to do. */
export interface DaemonOrders {
  readonly configUrl: string;
  readonly token: string;
  readonly stateFolder: string;
  readonly maxRunners: number;
  /** Options of the docker provisioner, as in a config. */
  readonly docker: object;
}

export const SCALE_SET = "containers";

/** Nobody waits minutes in a test. */
export const TIMINGS = { surplusMs: 2_000, inventoryIntervalMs: 5_000, lostConfirmMs: 5_000, retryMinMs: 500 };

/** The orders as the daemon's configuration. */
export function configOf(orders: DaemonOrders): AutoscalerConfig {
  return {
    github: { url: orders.configUrl, credentials: { kind: "token", token: new Secret(orders.token) } },
    owner: "test-daemon",
    stateFolder: orders.stateFolder,
    baseFolder: orders.stateFolder,
    log: { level: "debug", format: "json" },
    limits: { launchConcurrency: 10 },
    timings: { ...defaultTimings, ...TIMINGS },
    scaleSets: [
      {
        name: SCALE_SET,
        labels: [SCALE_SET],
        runnerGroup: "default",
        minRunners: 0,
        maxRunners: orders.maxRunners,
        disableUpdate: false,
        namePrefix: SCALE_SET,
        workFolder: "_work",
        provisioner: { kind: "docker", options: provisioner.schema.parse(orders.docker) },
      },
    ],
  };
}
