/**
 * For tests: a backend that exists in memory only, and the suite that every backend must pass.
 * Published as `@scaleset/provisioner/testing`.
 */

export { contractRunnerScript, playContractRunner } from "./contract/contract-runner.js";
export {
  type BackendContractOptions,
  type ContractTestApi,
  type ContractTestName,
  describeBackendContract,
} from "./contract/describe.js";
export { MemoryBackend } from "./memory/backend.js";
export type { LastingFault, MemoryFault, MemoryOperation } from "./memory/faults.js";
export { MemoryHost } from "./memory/host.js";
export {
  type Latency,
  type MemoryHostOptions,
  MemoryInstances,
  type MemoryRun,
} from "./memory/instances.js";
