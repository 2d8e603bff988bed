import { homedir, hostname } from "node:os";
import process from "node:process";
import { realClock } from "@scaleset/client";
import type { Provisioner } from "@scaleset/provisioner";
import type { ConfigHost, ProvisionerLookup } from "./config/host.js";
import { KNOWN_PACKAGES, loadPackage } from "./provisioners/package-loader.js";
import { findProvisioner, UnknownProvisionerError } from "./provisioners/registry.js";

/** This machine and this process, with provisioners beside the built-in ones. */
export function thisHost(provisioners: readonly Provisioner[] = []): ConfigHost {
  return {
    environment: process.env,
    workingFolder: process.cwd(),
    homeFolder: homedir(),
    hostname: hostname(),
    findProvisioner: (kind, baseFolder) => lookUp(kind, baseFolder, provisioners),
  };
}

async function lookUp(
  kind: string,
  baseFolder: string,
  provisioners: readonly Provisioner[],
): Promise<ProvisionerLookup> {
  try {
    return { provisioner: findProvisioner(kind, provisioners) };
  } catch (error) {
    if (!(error instanceof UnknownProvisionerError)) throw error;
    const found = await loadPackage(kind, { baseFolder, deadline: (ms) => realClock.deadline(ms) });
    return found.provisioner === undefined
      ? { ...found, known: [...error.known, ...Object.keys(KNOWN_PACKAGES)] }
      : found;
  }
}
