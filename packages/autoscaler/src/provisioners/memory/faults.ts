import type { BackendErrorKind } from "../../ports/provisioner.js";

/** The calls of a backend that can be made to fail. */
export type MemoryOperation = "check" | "create" | "start" | "list" | "destroy" | "logs";

/**
 * What happens to a call instead:
 * - a `BackendErrorKind`: nothing happens, and it rejects with that;
 * - `answer lost`: it happens, and rejects as `transient`;
 * - `hang`: nothing happens, and it never answers until its signal aborts;
 * - `hang after`: it happens, and never answers until its signal aborts.
 */
export type MemoryFault = BackendErrorKind | "answer lost" | "hang" | "hang after";

interface Planned {
  readonly operation: MemoryOperation;
  readonly fault: MemoryFault;
  readonly name: string | undefined;
  left: number;
}

/** Faults that wait for their call, first planned first used. */
export class FaultPlan {
  readonly #planned: Planned[] = [];

  add(operation: MemoryOperation, fault: MemoryFault, name: string | undefined, times: number): void {
    this.#planned.push({ operation, fault, name, left: times });
  }

  /** The fault for this call, used up by asking. */
  take(operation: MemoryOperation, name: string | undefined): MemoryFault | undefined {
    const index = this.#planned.findIndex(
      (each) => each.operation === operation && (each.name === undefined || each.name === name),
    );
    const planned = this.#planned[index];
    if (planned === undefined) return undefined;
    planned.left -= 1;
    if (planned.left <= 0) this.#planned.splice(index, 1);
    return planned.fault;
  }

  clear(): void {
    this.#planned.length = 0;
  }

  get pending(): number {
    return this.#planned.reduce((sum, each) => sum + each.left, 0);
  }
}
