import { contractRunnerScript, describeBackendContract } from "@scaleset/provisioner/testing";
import { describe, inject, test } from "vitest";
import { provisioner } from "../../src/provisioner.js";

const base = {
  ...inject("hostImage"),
  // Process 1 of a container can't kill itself, which the suite's runner does.
  init: true,
  command: ["sh", "-c", contractRunnerScript],
  engine: { host: inject("engineHost") },
};

const kinds = {
  docker: {},
  "docker with containers made ahead": { prewarm: 2 },
  "docker with a root that can't be written": { readOnly: true, tmpfs: { "/tmp": "size=16m" } },
};

for (const [name, changes] of Object.entries(kinds)) {
  const options = provisioner.schema.parse({ ...base, ...changes });
  describeBackendContract(name, (context) => provisioner.open(options, context), {
    api: { describe, test },
    patienceMs: 30_000,
  });
}
