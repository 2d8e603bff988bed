import type { InstanceLabels } from "@scaleset/provisioner";

/** Labels as the engine has them. */
export type EngineLabels = Readonly<Record<string, string>>;

const SCHEMA = "scaleset.schema";
export const IDENTITY = "scaleset.identity";
const OWNER = "scaleset.owner";
const SPEC = "scaleset.spec";

/** What belongs to one instance (its inner engine, network and volumes) shares a value of this with its container. */
export const BUNDLE = "scaleset.bundle";
/** Set on containers beside a runner's, which are no instances. */
export const ROLE = "scaleset.role";
/** On containers made ahead: the daemon whose they are. */
export const POOL = "scaleset.pool";
/** On containers made ahead: the life of that daemon which made them. */
export const POOL_LIFE = "scaleset.pool-life";

/** What the names of containers made ahead begin with. An instance's name can't: it has no dot. */
export const AHEAD = "scaleset.ahead.";

export function toEngineLabels(labels: InstanceLabels): EngineLabels {
  return {
    [SCHEMA]: String(labels.schema),
    [IDENTITY]: labels.identity,
    [OWNER]: labels.owner,
    [SPEC]: labels.spec,
  };
}

/** Undefined for a container that is no instance of anybody's. */
export function fromEngineLabels(labels: EngineLabels | undefined): InstanceLabels | undefined {
  const { [IDENTITY]: identity, [ROLE]: role } = labels ?? {};
  if (identity === undefined || role !== undefined) return undefined;
  const schema = Number(labels?.[SCHEMA]);
  return {
    // What no version of ours wrote is left alone, like a newer one.
    schema: Number.isInteger(schema) && schema > 0 ? schema : Number.MAX_SAFE_INTEGER,
    identity,
    owner: labels?.[OWNER] ?? "",
    spec: labels?.[SPEC] ?? "",
  };
}
