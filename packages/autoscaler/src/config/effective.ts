import type { Path } from "./issue.js";
import { isMapping, valueAt } from "./source.js";

/** A scale set with its defaults filled in, still as it was written. */
export interface EffectiveSet {
  readonly raw: Readonly<Record<string, unknown>>;
  /** Where in the whole configuration a value (given by its path inside the scale set) was written. */
  origin(path: Path): Path;
}

/**
 * `defaults` under each scale set. A setting of the set's own replaces the default whole, lists too; only the options of
 * a provisioner of the same kind are merged one by one, so that a set can be "the same with more memory".
 */
export function effectiveSets(raw: unknown): readonly EffectiveSet[] {
  const sets = valueAt(raw, ["scaleSets"]);
  const given = valueAt(raw, ["defaults"]);
  const defaults = isMapping(given) ? given : {};
  return (Array.isArray(sets) ? sets : []).map((set: unknown, index) => effective(set, index, defaults));
}

function effective(given: unknown, index: number, defaults: Readonly<Record<string, unknown>>): EffectiveSet {
  const set = isMapping(given) ? given : {};
  const own: Path = ["scaleSets", index];
  const merged: Record<string, unknown> = { ...defaults, ...set };
  const common = defaults["provisioner"];
  const chosen = set["provisioner"];
  if (isMapping(common) && isMapping(chosen)) {
    merged["provisioner"] = Object.fromEntries(
      Object.entries(chosen).map(([kind, options]) => {
        const under = common[kind];
        return [kind, isMapping(under) ? { ...under, ...(isMapping(options) ? options : {}) } : options];
      }),
    );
  }
  const isOwn = (path: Path): boolean => {
    const [first, kind, option] = path;
    if (first === undefined || set[String(first)] === undefined) {
      return first === undefined || defaults[String(first)] === undefined;
    }
    if (first !== "provisioner" || kind === undefined || option === undefined) return true;
    return valueAt(chosen, [kind, option]) !== undefined || valueAt(common, [kind, option]) === undefined;
  };
  return { raw: merged, origin: (path) => [...(isOwn(path) ? own : ["defaults"]), ...path] };
}
