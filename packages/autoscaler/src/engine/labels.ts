import { createHash } from "node:crypto";
import { parseConfigUrl, type Random } from "@scaleset/client";

/**
 * Which scale set an instance belongs to. Two sets of one name under two organizations differ in it, so neither ever
 * touches the other's instances (F23). Its form is frozen: instances carry it over restarts and upgrades.
 */
export function identityOf(scaleSet: {
  readonly configUrl: string;
  readonly runnerGroup: string;
  readonly name: string;
}): string {
  const canonicalUrl = parseConfigUrl(scaleSet.configUrl).url.toLowerCase();
  return sha256([canonicalUrl, scaleSet.runnerGroup.toLowerCase(), scaleSet.name.toLowerCase()]);
}

/** Hash of what a runner is made from, so that a change of it can be told. Keys in any order give the same. */
export function specHashOf(spec: unknown): string {
  return sha256(spec).slice(0, 16);
}

/** A name never used before: 12 letters and digits hold 60 bits of chance. */
export function newRunnerName(prefix: string, random: Random): string {
  const letters = "abcdefghijkmnpqrstuvwxyz23456789";
  let suffix = "";
  for (let place = 0; place < 12; place++) suffix += letters[Math.floor(random() * letters.length)];
  return `${prefix}-${suffix}`;
}

function sha256(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, sortedKeys)).digest("hex");
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
