import { contractRunnerScript, describeBackendContract } from "@scaleset/provisioner/testing";
import { describe, test } from "vitest";
import { provisioner } from "./provisioner.js";

describeBackendContract(
  "children",
  // In place of the actions runner, a small script that the suite gives its orders through the JIT config.
  (context) => provisioner.open({ command: ["sh", "-c", contractRunnerScript] }, context),
  { api: { describe, test } },
);
