import type { Backend } from "@scaleset/provisioner";
import type { BackendCeiling } from "./backend-ceiling.js";
import type { BackendCheck } from "./backend-check.js";
import type { Inventory } from "./inventory.js";

/** Where instances live, and what is known of them; shared by all scale sets with the same provisioner options. */
export interface Place {
  /** One for each distinct set of options. */
  readonly id: string;
  readonly backend: Backend;
  readonly inventory: Inventory;
  readonly check: BackendCheck;
  readonly ceiling: BackendCeiling;
}
