import { expectationOf, type SchemaNode, spread } from "./schema-guide.js";

/** A part of the configuration with a table of its own. */
interface Section {
  readonly title: string;
  readonly node: SchemaNode;
}

/** The reference page: every key with its type, default and description, from the very schema that files are checked by. */
export function referenceTables(config: SchemaNode): string {
  const sections: Section[] = [];
  collect({ title: "Top level", node: config }, "", sections);
  const told = new Map<string, string>();
  const parts = sections.map(({ title, node }) => {
    const table = tableOf(node);
    const earlier = told.get(table);
    told.set(table, earlier ?? title);
    const head = `## ${title}\n\n${node.description === undefined ? "" : `${node.description}\n\n`}`;
    return `${head}${earlier === undefined ? table : `The same keys as ${link(earlier)}.`}`;
  });
  return `${parts.join("\n\n")}\n`;
}

function collect(section: Section, path: string, sections: Section[]): void {
  sections.push(section);
  for (const [key, child] of Object.entries(section.node.properties ?? {})) {
    // What scale sets have in common has the same options as theirs, which are told there.
    if (typeof child === "boolean" || (path === "defaults" && key === "provisioner")) continue;
    const at = path === "" ? key : `${path}.${key}`;
    for (const [suffix, part] of partsOf(child))
      collect({ title: `\`${at}${suffix}\``, node: part }, `${at}${suffix}`, sections);
  }
}

/** Mappings inside: of the value itself, of each of a list, of each of a mapping by name. */
function partsOf(child: SchemaNode): (readonly [string, SchemaNode])[] {
  return spread(child).flatMap((node): (readonly [string, SchemaNode])[] => {
    if (node.properties !== undefined)
      return [["", { ...(child.description !== undefined && { description: child.description }), ...node }]];
    if (isMappingNode(node.items)) return [["[]", node.items]];
    if (isMappingNode(node.additionalProperties)) return [[".NAME", node.additionalProperties]];
    return [];
  });
}

function tableOf(node: SchemaNode): string {
  const rows = Object.entries(node.properties ?? {}).map(([key, child]) => {
    if (typeof child === "boolean") return `| \`${key}\` | | | |`;
    const required = node.required?.includes(key) === true && child.default === undefined;
    return `| \`${key}\` | ${cell(typeOf(key, child))} | ${required ? "required" : defaultOf(key, child)} | ${cell(child.description ?? "")} |`;
  });
  return ["| key | what it is | default | |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function typeOf(key: string, node: SchemaNode): string {
  const kinds = [...new Set(spread(node).map((reading) => expectationOf(reading) ?? "anything"))].join(" or ");
  if (!key.endsWith("Ms")) return kinds;
  return kinds.replace("a whole number", "milliseconds");
}

function defaultOf(key: string, { default: value, properties }: SchemaNode): string {
  if (value === undefined || properties !== undefined || (typeof value === "object" && value !== null)) return "";
  const duration = key.endsWith("Ms") && typeof value === "number" ? ` (${inWords(value)})` : "";
  return `\`${String(value)}\`${duration}`;
}

function inWords(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

function link(title: string): string {
  const anchor = title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
  return `[${title}](#${anchor})`;
}

function isMappingNode(node: unknown): node is SchemaNode {
  return typeof node === "object" && node !== null && !Array.isArray(node) && "properties" in node;
}
