import { homedir, hostname } from "node:os";
import process from "node:process";
import type { ConfigHost, ProvisionerLookup } from "../config/host.js";
import type { Provisioner } from "../ports/provisioner.js";
import { findProvisioner, UnknownProvisionerError } from "../provisioners/registry.js";

/** This machine and this process, with provisioners beside the built-in ones. */
export function thisHost(provisioners: readonly Provisioner[] = []): ConfigHost {
  return {
    environment: process.env,
    workingFolder: process.cwd(),
    homeFolder: homedir(),
    hostname: hostname(),
    findProvisioner: (kind) => lookUp(kind, provisioners),
  };
}

function lookUp(kind: string, provisioners: readonly Provisioner[]): ProvisionerLookup {
  try {
    return { provisioner: findProvisioner(kind, provisioners) };
  } catch (error) {
    if (error instanceof UnknownProvisionerError) return { provisioner: undefined, known: error.known };
    throw error;
  }
}
