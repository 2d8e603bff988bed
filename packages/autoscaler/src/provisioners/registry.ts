import type { Provisioner } from "../ports/provisioner.js";
import { processProvisioner } from "./process/provisioner.js";

/** The provisioners that come with this package, by kind. */
export function builtInProvisioners(): ReadonlyMap<string, Provisioner> {
  return new Map<string, Provisioner>([[processProvisioner.kind, processProvisioner]]);
}

/** A config names a provisioner that nobody has. */
export class UnknownProvisionerError extends Error {
  override readonly name = "UnknownProvisionerError";
  readonly kind: string;
  /** The kinds there are. */
  readonly known: readonly string[];

  constructor(kind: string, known: readonly string[]) {
    super(`there is no provisioner called "${kind}"; there is ${known.map((each) => `"${each}"`).join(", ")}`);
    this.kind = kind;
    this.known = known;
  }
}

/**
 * The provisioner that a config calls `kind`. One of `extra` goes before a built-in one of the same kind: whoever embeds
 * the daemon, or loaded a package, meant that one.
 *
 * @throws {UnknownProvisionerError}
 */
export function findProvisioner(kind: string, extra: Iterable<Provisioner> = []): Provisioner {
  const known = new Map(builtInProvisioners());
  for (const provisioner of extra) known.set(provisioner.kind, provisioner);
  const found = known.get(kind);
  if (found === undefined) throw new UnknownProvisionerError(kind, [...known.keys()]);
  return found;
}
