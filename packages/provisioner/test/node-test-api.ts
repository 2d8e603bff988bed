import { describe, test } from "node:test";
import type { ContractTestApi } from "@scaleset/provisioner/testing";

/** Compiles only while the runner that comes with Node fits the suite, as vitest's does. */
export const nodeTestApi: ContractTestApi = { describe, test };
