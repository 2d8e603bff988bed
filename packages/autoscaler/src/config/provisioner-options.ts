import type { Provisioner } from "@scaleset/provisioner";
import type { ProvisionerConfig } from "./config.js";
import type { EffectiveSet } from "./effective.js";
import type { ConfigHost, ProvisionerLookup } from "./host.js";
import type { ConfigIssue } from "./issue.js";
import { checkShape } from "./shape.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";
import { suggest } from "./suggest.js";

export interface ProvisionerFindings {
  /** One for each scale set; undefined where an issue says why. */
  readonly provisioners: readonly (ProvisionerConfig | undefined)[];
  readonly issues: readonly ConfigIssue[];
}

/** Loads every provisioner that is named, once each, by how it is called. */
export async function loadProvisioners(
  sets: readonly EffectiveSet[],
  source: ConfigSource,
  host: Pick<ConfigHost, "findProvisioner">,
): Promise<ReadonlyMap<string, ProvisionerLookup>> {
  const kinds = new Set(
    sets.flatMap(({ raw: { provisioner } }) => (isMapping(provisioner) ? Object.keys(provisioner) : [])),
  );
  const lookups = [...kinds].map(async (kind) => [kind, await host.findProvisioner(kind, source.baseFolder)] as const);
  return new Map(await Promise.all(lookups));
}

/** The provisioners that were found, by how they are called. */
export function foundProvisioners(lookups: ReadonlyMap<string, ProvisionerLookup>): ReadonlyMap<string, Provisioner> {
  const found = [...lookups].flatMap(([kind, { provisioner }]) => (provisioner ? [[kind, provisioner] as const] : []));
  return new Map(found);
}

/** Each provisioner says itself which options it takes. */
export function readProvisioners(
  sets: readonly EffectiveSet[],
  lookups: ReadonlyMap<string, ProvisionerLookup>,
  { source, substituted }: { readonly source: ConfigSource; readonly substituted: ReadonlySet<string> },
): ProvisionerFindings {
  const issues: ConfigIssue[] = [];
  const provisioners = sets.map((set): ProvisionerConfig | undefined => {
    const given = set.raw["provisioner"];
    if (!isMapping(given)) return undefined;
    const [kind, second] = Object.keys(given);
    if (kind === undefined || second !== undefined) {
      const path = set.origin(["provisioner"]);
      issues.push({
        place: second === undefined ? source.place(path) : source.place([...path, second], "key"),
        path,
        problem: `expected one kind of provisioner, found ${Object.keys(given).join(" and ") || "none"}`,
        remedy: "write one, for example provisioner: { process: { runner: { folder: ./actions-runner } } }",
      });
      return undefined;
    }
    const at = set.origin(["provisioner", kind]);
    const lookup = lookups.get(kind);
    if (lookup?.provisioner === undefined) {
      if (lookup !== undefined) issues.push({ place: source.place(at, "key"), path: at, ...explain(kind, lookup) });
      return undefined;
    }
    const options = withoutDisplaced(set, kind, lookup.provisioner);
    const shape = checkShape(lookup.provisioner.schema, options, {
      source,
      whole: (path) => set.origin(["provisioner", kind, ...path]),
      substituted,
    });
    issues.push(...shape.issues);
    return shape.issues.length === 0 ? { kind, options: shape.data } : undefined;
  });
  return { provisioners, issues };
}

/** An option of the set's own takes the place of its alternatives from `defaults`. */
function withoutDisplaced(set: EffectiveSet, kind: string, { alternatives = [] }: Provisioner): unknown {
  // `process:` with nothing behind it is an empty set of options.
  const options = valueAt(set.raw, ["provisioner", kind]) ?? {};
  if (!isMapping(options)) return options;
  const isOwn = (option: string): boolean => set.origin(["provisioner", kind, option])[0] !== "defaults";
  const displaced = alternatives
    .filter((group) => group.some((option) => options[option] !== undefined && isOwn(option)))
    .flatMap((group) => group.filter((option) => !isOwn(option)));
  return Object.fromEntries(Object.entries(options).filter(([option]) => !displaced.includes(option)));
}

function explain(
  kind: string,
  lookup: Extract<ProvisionerLookup, { readonly provisioner: undefined }>,
): { readonly problem: string; readonly remedy: string } {
  const meant = suggest(kind, lookup.known);
  if (lookup.installed || meant === kind) return lookup;
  return meant === undefined ? lookup : { problem: lookup.problem, remedy: `did you mean ${JSON.stringify(meant)}?` };
}
