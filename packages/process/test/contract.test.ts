import { contractRunnerScript, describeBackendContract } from "@scaleset/provisioner/testing";
import { describe, test } from "vitest";
import { processProvisioner } from "../src/provisioner.js";

describeBackendContract(
  "process",
  async (context) => {
    const options = processProvisioner.schema.parse({ command: ["sh", "-c", contractRunnerScript] });
    return await processProvisioner.open(options, context);
  },
  { api: { describe, test } },
);
