export { errnoOf } from "./failures.js";
export { isAlive, openProcessTable, type ProcessIdentity, type ProcessTable } from "./process-table.js";
export { processProvisioner } from "./provisioner.js";
