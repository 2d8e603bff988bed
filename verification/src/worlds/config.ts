import { createPrivateKey } from "node:crypto";
import type { AutoscalerConfig } from "@scaleset/autoscaler";
import { Secret } from "@scaleset/client";
import type { Simulator } from "@scaleset/simulator";
import type { DaemonSettings, Settings } from "./settings.js";
import { smallRunnerKey } from "./small-key.js";

export const APP = "app-of-the-worlds";

/** A small one as well: an app signs for each of its tokens. */
export function appKey(): string {
  const key = createPrivateKey({ key: { ...smallRunnerKey.keyOf(0), kty: "RSA" }, format: "jwk" });
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

export function configOf(
  simulator: Simulator,
  settings: Settings,
  daemon: DaemonSettings,
  key: string,
): AutoscalerConfig {
  return {
    github: {
      url: simulator.configUrl(daemon.path),
      credentials:
        daemon.credentials === "token"
          ? { kind: "token", token: new Secret(simulator.token) }
          : { kind: "app", clientId: APP, installationId: 1, privateKey: new Secret(key) },
    },
    owner: daemon.name,
    stateFolder: "/nowhere",
    baseFolder: "/nowhere",
    log: { level: "debug", format: "json" },
    limits: {
      launchConcurrency: settings.launchConcurrency,
      ...(settings.maxRunners !== undefined && { maxRunners: settings.maxRunners }),
    },
    timings: settings.timings,
    scaleSets: settings.scaleSets.map(({ name, minRunners, maxRunners }) => ({
      name,
      labels: [name],
      runnerGroup: "default",
      minRunners,
      maxRunners,
      disableUpdate: false,
      namePrefix: name,
      workFolder: "_work",
      provisioner: { kind: "memory", options: {} },
    })),
  };
}
