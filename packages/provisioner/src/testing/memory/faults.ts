import type { BackendErrorKind } from "../../contract.js";

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

/** A fault that lasts until it is ended. */
export interface LastingFault {
  /** How many calls it met so far. */
  readonly struck: number;
  /** Idempotent. */
  end(): void;
}

interface Lasting {
  readonly operations: readonly MemoryOperation[];
  readonly fault: MemoryFault;
  struck: number;
}

/** Faults that wait for their call, first planned first used, and faults that last. */
export class FaultPlan {
  readonly #planned: Planned[] = [];
  readonly #lasting = new Set<Lasting>();

  add(operation: MemoryOperation, fault: MemoryFault, name: string | undefined, times: number): void {
    this.#planned.push({ operation, fault, name, left: times });
  }

  /** Every call of these operations meets the fault, until it is ended. */
  last(operations: readonly MemoryOperation[], fault: MemoryFault): LastingFault {
    const lasting: Lasting = { operations, fault, struck: 0 };
    this.#lasting.add(lasting);
    return {
      get struck() {
        return lasting.struck;
      },
      end: () => void this.#lasting.delete(lasting),
    };
  }

  /** The fault for this call, used up by asking unless it lasts. */
  take(operation: MemoryOperation, name: string | undefined): MemoryFault | undefined {
    const index = this.#planned.findIndex(
      (each) => each.operation === operation && (each.name === undefined || each.name === name),
    );
    const planned = this.#planned[index];
    if (planned === undefined) return this.#takeLasting(operation);
    planned.left -= 1;
    if (planned.left <= 0) this.#planned.splice(index, 1);
    return planned.fault;
  }

  clear(): void {
    this.#planned.length = 0;
    this.#lasting.clear();
  }

  #takeLasting(operation: MemoryOperation): MemoryFault | undefined {
    for (const lasting of this.#lasting) {
      if (!lasting.operations.includes(operation)) continue;
      lasting.struck += 1;
      return lasting.fault;
    }
    return undefined;
  }

  get pending(): number {
    return this.#planned.reduce((sum, each) => sum + each.left, 0);
  }
}
