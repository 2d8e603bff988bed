import { describeBackendContract, MemoryHost, playContractRunner } from "@scaleset/provisioner/testing";
import { describe, test } from "vitest";

const hosts = new Map<string, MemoryHost>();

describeBackendContract(
  "memory",
  async ({ stateFolder, clock, random }) => {
    const host = hosts.get(stateFolder) ?? new MemoryHost({ clock, random, onStart: playContractRunner(clock) });
    hosts.set(stateFolder, host);
    return host.open();
  },
  { api: { describe, test } },
);
