import { createHash } from "node:crypto";
import {
  type AutoscalerConfig,
  limitsOf,
  type ProvisionerConfig,
  type ScaleSetConfig,
  type SecretConfig,
  type TargetConfig,
  targetOf,
} from "../config/config.js";
import type { Timings } from "../core/settings.js";
import { identityOf, specHashOf } from "../engine/labels.js";

/** One scale set that is to run: all that its parts are made from. */
export interface PlannedSet {
  /** Which scale set it is, over all targets and for ever. */
  readonly identity: string;
  readonly config: ScaleSetConfig;
  readonly target: TargetConfig;
  /** Sets of one connection share a client. */
  readonly connection: string;
  /** Sets of one place share a backend. */
  readonly place: string;
  /** What its runners are made from. */
  readonly spec: string;
  readonly timings: Timings;
}

/**
 * What is to run. A poll announces at least 1, and announcing is accepting work: a set that may have no runner is
 * not in it.
 *
 * @throws {RangeError} for a target that is not there, and for one scale set twice
 */
export function planOf(config: AutoscalerConfig): readonly PlannedSet[] {
  const plan = config.scaleSets
    .filter(({ maxRunners }) => maxRunners > 0)
    .map((scaleSet) => {
      const target = targetOf(config, scaleSet);
      const { provisioner, workFolder, runnerGroup, name } = scaleSet;
      return {
        identity: identityOf({ configUrl: target.url, runnerGroup, name }),
        config: scaleSet,
        target,
        connection: connectionKey(target),
        place: placeKey(provisioner),
        spec: specHashOf({ provisioner: plain(provisioner), workFolder }),
        timings: scaleSet.timings ?? config.timings,
      };
    });
  const seen = new Set<string>();
  for (const { identity, config } of plan) {
    if (seen.has(identity))
      throw new RangeError(`the scale set ${config.name} is configured twice in one runner group`);
    seen.add(identity);
  }
  return plan;
}

/** How a running scale set becomes the one that is configured now. */
export type SetChange =
  | { readonly kind: "add"; readonly set: PlannedSet }
  /** It is configured no more, or may have no runner any more. */
  | { readonly kind: "drain"; readonly set: PlannedSet }
  /** It is held anew, on another connection or under other terms; its runners are left and adopted. */
  | { readonly kind: "restart"; readonly set: PlannedSet; readonly why: readonly string[] }
  | { readonly kind: "adjust"; readonly set: PlannedSet; readonly what: readonly ("limits" | "spec" | "priority")[] };

/** What is to be done, in the order of the new plan; what is to go, first: it makes room. */
export function changesBetween(before: readonly PlannedSet[], after: readonly PlannedSet[]): readonly SetChange[] {
  const wanted = new Set(after.map(({ identity }) => identity));
  const running = new Map(before.map((set) => [set.identity, set]));
  const gone = before.filter(({ identity }) => !wanted.has(identity));
  return [
    ...gone.map((set): SetChange => ({ kind: "drain", set })),
    ...after.flatMap((set): SetChange[] => {
      const old = running.get(set.identity);
      if (old === undefined) return [{ kind: "add", set }];
      const why = reasonsToRestart(old, set);
      if (why.length > 0) return [{ kind: "restart", set, why }];
      const what = adjustments(old, set);
      return what.length > 0 ? [{ kind: "adjust", set, what }] : [];
    }),
  ];
}

/** Settings of the process that can't change while it runs; in words. */
export function fixedChanges(before: AutoscalerConfig, after: AutoscalerConfig): readonly string[] {
  const rates = [before, after].map(({ limits }) => limitsOf(limits).requestsPerSecond);
  return [
    ...(before.owner === after.owner ? [] : ["owner"]),
    ...(before.stateFolder === after.stateFolder ? [] : ["stateFolder"]),
    ...(rates[0] === rates[1] ? [] : ["limits.requestsPerSecond"]),
  ];
}

function reasonsToRestart(before: PlannedSet, after: PlannedSet): readonly string[] {
  const settings = ["name", "runnerGroup", "labels", "disableUpdate", "namePrefix", "workFolder", "recreate"] as const;
  return [
    ...(before.connection === after.connection ? [] : ["target"]),
    ...settings.filter((key) => !same(before.config[key], after.config[key])),
    ...(sameTimings(before.timings, after.timings) ? [] : ["timings"]),
  ];
}

function adjustments(before: PlannedSet, after: PlannedSet): readonly ("limits" | "spec" | "priority")[] {
  const { minRunners, maxRunners, priority = 1 } = before.config;
  const now = after.config;
  const limits = minRunners !== now.minRunners || maxRunners !== now.maxRunners;
  return [
    ...(limits ? (["limits"] as const) : []),
    ...(before.spec === after.spec ? [] : (["spec"] as const)),
    ...(priority === (now.priority ?? 1) ? [] : (["priority"] as const)),
  ];
}

/** Same URL, same credential, same key; no secret can be read from it. */
function connectionKey({ url, credentials }: TargetConfig): string {
  const way =
    credentials.kind === "token"
      ? { token: secretKey(credentials.token) }
      : { ...credentials, privateKey: secretKey(credentials.privateKey) };
  return specHashOf({ url: url.replace(/\/+$/, "").toLowerCase(), way });
}

function secretKey(secret: SecretConfig): unknown {
  return "reveal" in secret ? createHash("sha256").update(secret.reveal()).digest("hex") : secret;
}

export function placeKey(provisioner: ProvisionerConfig): string {
  return specHashOf(plain(provisioner));
}

/** Nothing but what the hash was always made from: it is on instances. */
function plain({ kind, options }: ProvisionerConfig): ProvisionerConfig {
  return { kind, options };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameTimings(a: Timings, b: Timings): boolean {
  return Object.entries(a).every(([name, value]) => Object.is(value, Reflect.get(b, name)));
}
