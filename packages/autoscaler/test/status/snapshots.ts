import { type ScaleSetStatus, statusOf } from "../../src/engine/status.js";
import type { WorkerFacts } from "../../src/engine/worker-facts.js";
import { type AutoscalerStatus, type DaemonFacts, snapshot } from "../../src/status/snapshot.js";
import type { Driver } from "../core/driver.js";

/** The status of a fleet that a test drives by hand. */
export function setStatus(driver: Driver, facts: Partial<WorkerFacts> = {}): ScaleSetStatus {
  return statusOf(driver.fleet, {
    name: "linux-x64",
    now: driver.now,
    lastDecision: undefined,
    stopped: false,
    trouble: undefined,
    drift: undefined,
    inventory: [],
    failedRunners: [],
    ...facts,
  });
}

/** A daemon's status with those scale sets. */
export function daemonStatus(scaleSets: readonly ScaleSetStatus[], facts: Partial<DaemonFacts> = {}): AutoscalerStatus {
  return snapshot({
    version: "1.2.3",
    owner: "host-1",
    limits: { launchConcurrency: 10 },
    at: 1_700_000_000_000,
    startedAt: 1_699_999_000_000,
    uptimeMs: 1_000_000,
    stopping: false,
    scaleSets,
    ...facts,
  });
}
