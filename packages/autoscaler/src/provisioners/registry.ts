import { processProvisioner } from "@scaleset/process";
import type { Provisioner } from "@scaleset/provisioner";

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
export function findProvisioner(kind: string, extra: ExtraProvisioners = []): Provisioner {
  const known = new Map(builtInProvisioners());
  for (const [name, provisioner] of byName(extra)) known.set(name, provisioner);
  const found = known.get(kind);
  if (found === undefined) throw new UnknownProvisionerError(kind, [...known.keys()]);
  return found;
}

/** Called as the config calls them (a package's name), or each by its own kind. */
export type ExtraProvisioners = ReadonlyMap<string, Provisioner> | readonly Provisioner[];

function byName(extra: ExtraProvisioners): Iterable<readonly [string, Provisioner]> {
  return "get" in extra ? extra : extra.map((provisioner) => [provisioner.kind, provisioner] as const);
}
