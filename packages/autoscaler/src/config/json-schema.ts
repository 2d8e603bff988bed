import type { Provisioner } from "@scaleset/provisioner";
import { configSchema } from "./schema.js";
import { describeSchema, type SchemaNode } from "./schema-guide.js";

/** Provisioners by how the config calls them. */
type Kinds = ReadonlyMap<string, Pick<Provisioner, "schema">>;

/** The configuration as data, with the options of these provisioners: what the reference page is made from. */
export function describeConfig(kinds: Kinds): SchemaNode {
  const whole = describeSchema(configSchema) ?? {};
  const strict = [...kinds].map(([kind, { schema }]) => [kind, describeSchema(schema) ?? {}] as const);
  // What all scale sets have in common need not be whole.
  const partial = strict.map(([kind, { required: _, ...options }]) => [kind, options] as const);
  return replaceProvisioners(whole, { strict: Object.fromEntries(strict), partial: Object.fromEntries(partial) });
}

/**
 * The JSON Schema of a config file, for editors. A number or a choice may also be a `${VARIABLE}`, which only reading the
 * file turns into one.
 */
export function configJsonSchema(kinds: Kinds): object {
  const schema = withVariables(describeConfig(kinds));
  const title = "scaleset: runner scale sets and what makes their runners";
  return JSON.parse(JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", title, ...schema }));
}

function replaceProvisioners(
  whole: SchemaNode,
  kinds: { readonly strict: Record<string, SchemaNode>; readonly partial: Record<string, SchemaNode> },
): SchemaNode {
  const { properties = {} } = whole;
  const { defaults, scaleSets } = properties;
  const items = isNode(scaleSets) && !Array.isArray(scaleSets.items) ? scaleSets.items : undefined;
  if (!isNode(defaults) || !isNode(scaleSets) || !isNode(items)) return whole;
  return {
    ...whole,
    properties: {
      ...properties,
      defaults: withKinds(defaults, kinds.partial),
      scaleSets: { ...scaleSets, items: withKinds(items, kinds.strict) },
    },
  };
}

function withKinds(holder: SchemaNode, kinds: Record<string, SchemaNode>): SchemaNode {
  const provisioner = holder.properties?.["provisioner"];
  if (!isNode(provisioner)) return holder;
  const { propertyNames: _, ...told } = provisioner;
  const open: SchemaNode = {
    ...told,
    minProperties: 1,
    maxProperties: 1,
    properties: kinds,
    additionalProperties: { type: "object" },
  };
  return { ...holder, properties: { ...holder.properties, provisioner: open } };
}

/** What is no text may stand there as text with a variable in it. */
const VARIABLE = { type: "string", pattern: "\\$\\{" } as const;

function withVariables(node: SchemaNode): SchemaNode {
  const { description, default: standard, ...rest } = node;
  const told = {
    ...(description === undefined ? {} : { description }),
    ...(standard === undefined ? {} : { default: standard }),
  };
  if (node.anyOf !== undefined) return { ...told, anyOf: [...node.anyOf.filter(isNode), VARIABLE] };
  if (node.enum !== undefined || node.type === "integer" || node.type === "number" || node.type === "boolean") {
    return { ...told, anyOf: [rest, VARIABLE] };
  }
  const properties = Object.entries(node.properties ?? {}).map(([key, child]) => [
    key,
    isNode(child) ? withVariables(child) : child,
  ]);
  return {
    ...node,
    // A key with a default need not be there.
    ...(node.required === undefined ? {} : { required: node.required.filter((key) => !hasDefault(node, key)) }),
    ...(node.properties === undefined ? {} : { properties: Object.fromEntries(properties) }),
    ...(isNode(node.additionalProperties) ? { additionalProperties: withVariables(node.additionalProperties) } : {}),
    ...(isNode(node.items) ? { items: withVariables(node.items) } : {}),
  };
}

function hasDefault(node: SchemaNode, key: string): boolean {
  const child = node.properties?.[key];
  return isNode(child) && child.default !== undefined;
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
