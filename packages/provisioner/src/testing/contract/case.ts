import type { Backend } from "../../contract.js";
import type { Bench } from "./bench.js";

/** One sentence of the contract, and how to see whether it holds. */
export interface ContractCase {
  readonly title: string;
  /** Why this can't be asked of such a backend; undefined where it can. */
  readonly needs?: (backend: Backend) => string | undefined;
  run(bench: Bench): Promise<void>;
}

export const seesExits = (backend: Backend): string | undefined =>
  backend.capabilities.observesExit ? undefined : "this backend does not see exits";
