import { z } from "zod";
import type { Path } from "./issue.js";

/** A schema as data, so that messages can say what belongs at a place. */
export type SchemaNode = z.core.JSONSchema.BaseSchema;

/** The schema as data, or undefined for one that can't be told that way: its messages are then its own words. */
export function describeSchema(schema: z.ZodType): SchemaNode | undefined {
  try {
    return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  } catch {
    return undefined;
  }
}

/** What the schema says about a path; every reading of it where there are several. */
function nodesAt(root: SchemaNode | undefined, path: Path): readonly SchemaNode[] {
  let nodes = root === undefined ? [] : spread(root);
  for (const step of path) nodes = nodes.flatMap((node) => spread(child(node, step)));
  return nodes;
}

/** The keys that a mapping at this path may have. */
export function knownKeys(root: SchemaNode | undefined, path: Path): readonly string[] {
  return nodesAt(root, path).flatMap((node) => Object.keys(node.properties ?? {}));
}

/** "a whole number from 0 to 10000", or undefined where the schema doesn't say. */
export function expectation(root: SchemaNode | undefined, path: Path): string | undefined {
  const readings = nodesAt(root, path).map(expectationOf);
  const known = readings.filter((reading) => reading !== undefined);
  return known.length === 0 || known.length < readings.length ? undefined : [...new Set(known)].join(" or ");
}

export function descriptionAt(root: SchemaNode | undefined, path: Path): string | undefined {
  return nodesAt(root, path).find((node) => node.description !== undefined)?.description;
}

/** The kinds of scalar that text from the environment or a flag may be turned into here. */
export function scalarKinds(root: SchemaNode | undefined, path: Path): ReadonlySet<string> {
  return new Set(nodesAt(root, path).map((node) => String(node.type)));
}

/** The readings of a node that has several. */
export function spread(node: SchemaNode | boolean | undefined): SchemaNode[] {
  if (node === undefined || typeof node === "boolean") return [];
  const readings = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return readings.length === 0 ? [node] : readings.flatMap(spread);
}

function child(node: SchemaNode, step: string | number): SchemaNode | boolean | undefined {
  if (typeof step === "number") return Array.isArray(node.items) ? node.items[step] : node.items;
  return node.properties?.[step] ?? node.additionalProperties;
}

/** What may stand there, in words; undefined where the schema doesn't say. */
export function expectationOf(node: SchemaNode): string | undefined {
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.map((value) => String(value)).join(", ")}`;
  switch (node.type) {
    case "integer":
      return `a whole number${range(node)}`;
    case "number":
      return `a number${range(node)}`;
    case "string":
      if (node.minLength === 1 && node.maxLength !== undefined) return `text of 1 to ${node.maxLength} letters`;
      return node.minLength === 1 ? "text that is not empty" : "text";
    case "boolean":
      return "true or false";
    case "array":
      return node.minItems === undefined ? "a list" : `a list of at least ${node.minItems}`;
    case "object":
      return "a mapping";
    default:
      return undefined;
  }
}

function range(node: SchemaNode): string {
  const { minimum, maximum } = node;
  // Beyond these the bound is only what the number type can hold.
  const low = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return `, ${low} or more`;
  return high === undefined ? "" : `, at most ${high}`;
}
