import { dirname } from "node:path";
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from "yaml";
import { ConfigError, type ConfigIssue, formatPath, type Path, type Place } from "./issue.js";
import { type ConfigSource, isMapping } from "./source.js";

/** No configuration needs more, and a few nested aliases could otherwise fill the memory. */
const MAX_ALIASES = 100;

/** What is wrong in its own place alone: the rest is read as it was meant. */
const HARMLESS: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "TAG_RESOLVE_FAILED"]);

/**
 * Reads YAML. `file` is absolute, `name` is how messages call it.
 * @throws ConfigError for what is not YAML, or is empty.
 */
export function yamlSource(text: string, options: { readonly file: string; readonly name: string }): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { kind: "file", file: options.name, line: Math.max(1, line), column: Math.max(1, col) };
  };

  const broken: ConfigIssue[] = [];
  let derailed = false;
  for (const { code, pos } of [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0])) {
    const place = placeAt(pos[0]);
    const { line, text: found } = lineOf(text, place);
    if (broken.some((issue) => lineOf(text, issue.place).line === line)) continue;
    const slip = !HARMLESS.has(code);
    // One slip makes the parser stumble over all that follows.
    if (slip && derailed) continue;
    derailed ||= slip;
    broken.push({ place, path: [], ...explainYamlError(code, found) });
  }
  if (broken.length > 0) throw new ConfigError(broken);

  const raw: unknown = toPlainData(() => document.toJS({ maxAliasCount: MAX_ALIASES }), placeAt(0));
  if (!isMapping(raw)) {
    const problem = raw === null ? "the file is empty" : "expected a mapping with the keys github and scaleSets";
    throw new ConfigError([
      { place: placeAt(0), path: [], problem, remedy: "begin with `github:` and `scaleSets:` at the left margin" },
    ]);
  }

  const offsetOf = (path: Path, target: "key" | "value"): { readonly offset: number; readonly node: Node | null } => {
    let node: Node | null = document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, step] of path.entries()) {
      const last = depth === path.length - 1;
      const next = stepInto(node, step);
      if (next === undefined) return { offset, node: null };
      node = next.value;
      const useKey = next.key !== undefined && (!last || target === "key" || node?.range == null);
      offset = (useKey ? next.key?.range?.[0] : node?.range?.[0]) ?? offset;
    }
    return { offset, node };
  };

  return {
    name: options.name,
    baseFolder: dirname(options.file),
    raw,
    substitutes: true,
    place: (path, target = "value") => placeAt(offsetOf(path, target).offset),
    placeInside: (path, part) => {
      const { offset, node } = offsetOf(path, "value");
      const end = node?.range?.[1] ?? offset;
      const within = text.slice(offset, end).indexOf(part);
      return placeAt(within < 0 ? offset : offset + within);
    },
    nameOf: formatPath,
  };
}

function stepInto(
  node: Node | null,
  step: string | number,
): { readonly key: Node | undefined; readonly value: Node | null } | undefined {
  if (isSeq<Node>(node) && typeof step === "number") {
    const value = node.items[step];
    return value === undefined ? undefined : { key: undefined, value };
  }
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find(
    (item: Pair<Node, Node | null>) => isScalar(item.key) && String(item.key.value) === String(step),
  );
  return pair === undefined ? undefined : { key: pair.key, value: pair.value };
}

function toPlainData(convert: () => unknown, place: Place): unknown {
  try {
    return convert();
  } catch {
    const problem = `expected aliases (*name) of anchors (&name) that there are, at most ${MAX_ALIASES}`;
    throw new ConfigError([{ place, path: [], problem, remedy: "write the repeated parts out" }]);
  }
}

function lineOf(text: string, place: Place): { readonly line: number; readonly text: string } {
  const line = place.kind === "file" ? place.line : 0;
  return { line, text: text.split("\n")[line - 1] ?? "" };
}

/** In our words: the parser's own may quote the text, and that may be a secret. */
function explainYamlError(code: string, line: string): { readonly problem: string; readonly remedy: string } {
  if (/[{[].*\$\{/.test(line)) {
    return {
      problem: "expected YAML, found a variable without quotes inside { … } or [ … ]",
      remedy: `put it in quotes: { token: "\${SCALESET_TOKEN}" }`,
    };
  }
  switch (code) {
    case "DUPLICATE_KEY":
      return { problem: "expected each key once, found it a second time", remedy: "keep one of the two" };
    case "TAB_AS_INDENT":
      return { problem: "expected spaces, found a tab", remedy: "indent with spaces; YAML knows no tabs" };
    case "BAD_INDENT":
    case "MISSING_CHAR":
      return {
        problem: "expected a closing quote, bracket or brace, or another indentation",
        remedy: "close what was opened before this spot, and line up the keys of one mapping",
      };
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      return {
        problem: "expected one `key: value` a line",
        remedy: "put each key on its own line, lined up with its neighbours, or a value with `: ` in it in quotes",
      };
    case "BAD_SCALAR_START":
      return { problem: "expected quotes around text that begins with @ or `", remedy: 'write it as "…"' };
    case "TAG_RESOLVE_FAILED":
      return { problem: "expected no tag (!name)", remedy: "remove it" };
    default:
      return {
        problem: "expected YAML, found something out of place",
        remedy: "look at this line and the one before it: quotes, colons, indentation",
      };
  }
}
