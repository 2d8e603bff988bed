import type { z } from "zod";
import { type ConfigIssue, formatPath, type Path } from "./issue.js";
import { redactText } from "./redact.js";
import { describeSchema, descriptionAt, expectation, knownKeys, type SchemaNode, scalarKinds } from "./schema-guide.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";
import { suggest } from "./suggest.js";

export interface ShapeOptions {
  readonly source: ConfigSource;
  /** Where in the whole configuration a part of this data was written. */
  readonly whole: (path: Path) => Path;
  /** Paths (of the whole) whose text came from the environment: never quoted in messages. */
  readonly substituted: ReadonlySet<string>;
}

export type ShapeResult<T> =
  | { readonly data: T; readonly issues: readonly [] }
  | { readonly data: undefined; readonly issues: readonly ConfigIssue[] };

/** Checks data against a schema; what is wrong is told with its place, what was expected, and what to do. */
export function checkShape<T>(schema: z.ZodType<T>, raw: unknown, options: ShapeOptions): ShapeResult<T> {
  const guide = describeSchema(schema);
  const typed = typeScalars(raw, [], { guide, options });
  const result = schema.safeParse(typed);
  if (result.success) return { data: result.data, issues: [] };
  const issues = result.error.issues
    .filter((issue, _, all) => !isEcho(issue, all))
    .flatMap((issue) => explain(issue, { guide, raw: typed, options }));
  return { data: undefined, issues };
}

/** A rule over the keys of a mapping says little while one of the keys is misspelt. */
function isEcho(issue: z.core.$ZodIssue, all: readonly z.core.$ZodIssue[]): boolean {
  const path = issue.path.join();
  return (
    issue.code === "custom" && all.some((other) => other.code === "unrecognized_keys" && other.path.join() === path)
  );
}

interface ExplainContext {
  readonly guide: SchemaNode | undefined;
  readonly raw: unknown;
  readonly options: ShapeOptions;
}

/** Flags and variables are always text; where the schema wants a number or a boolean, text that reads as one is one. */
function typeScalars(value: unknown, path: Path, context: Omit<ExplainContext, "raw">): unknown {
  if (Array.isArray(value)) return value.map((item, index) => typeScalars(item, [...path, index], context));
  if (isMapping(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, typeScalars(item, [...path, key], context)]),
    );
  }
  const { guide, options } = context;
  if (typeof value !== "string") return value;
  const whole = formatPath(options.whole(path));
  if (options.source.substitutes && !options.substituted.has(whole)) return value;
  const kinds = scalarKinds(guide, path);
  if (kinds.has("string")) return value;
  if ((kinds.has("integer") || kinds.has("number")) && /^-?\d+(?:\.\d+)?$/.test(value.trim())) return Number(value);
  if (kinds.has("boolean") && (value === "true" || value === "false")) return value === "true";
  return value;
}

function explain(issue: z.core.$ZodIssue, context: ExplainContext): ConfigIssue[] {
  const { guide, options } = context;
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  const whole = options.whole(path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key], context));
  if (issue.code === "invalid_key") {
    const wrong = issue.issues[0]?.message ?? "expected another name";
    const problem = `${lowerFirst(wrong)}, found ${JSON.stringify(lastKey(path))}`;
    return [{ place: options.source.place(whole, "key"), path: whole, problem, remedy: "give it another name" }];
  }

  const value = valueAt(context.raw, path);
  const description = descriptionAt(guide, path);
  const wanted = expectation(guide, path);
  const name = options.source.nameOf(whole);
  if (value === undefined) {
    const place = options.source.place(whole);
    const problem = place.kind === "file" ? `${lastKey(whole)} is missing` : "is required";
    return [{ place, path: whole, problem, remedy: description ?? `give ${name}${wanted ? `: ${wanted}` : ""}` }];
  }
  const inOwnWords = issue.code === "custom" || issue.code === "invalid_format" || issue.code === "invalid_union";
  const problem = inOwnWords || wanted === undefined ? lowerFirst(issue.message) : `expected ${wanted}`;
  // A rule over several keys speaks of them, not of the mapping.
  const found = issue.code === "custom" && typeof value === "object" ? undefined : show(value, whole, options);
  return [
    {
      place: options.source.place(whole),
      path: whole,
      problem: found === undefined ? problem : `${problem}, found ${found}`,
      remedy: remedyFor(value, { issue, name, description, hidden: options.substituted.has(formatPath(whole)) }),
    },
  ];
}

function unknownKey(path: Path, { guide, options }: ExplainContext): ConfigIssue {
  const key = lastKey(path);
  const known = knownKeys(guide, path.slice(0, -1));
  const meant = suggest(key, known);
  const whole = options.whole(path);
  return {
    place: options.source.place(whole, "key"),
    path: whole,
    problem: `unknown key ${JSON.stringify(key)}`,
    remedy:
      meant !== undefined
        ? `did you mean ${JSON.stringify(meant)}?`
        : known.length > 0
          ? `known here: ${known.join(", ")}`
          : "remove it",
  };
}

function remedyFor(
  value: unknown,
  about: {
    readonly issue: z.core.$ZodIssue;
    readonly name: string;
    readonly description: string | undefined;
    /** It came from the environment: not to be quoted. */
    readonly hidden: boolean;
  },
): string {
  const { issue, name, description, hidden } = about;
  if (
    issue.code === "invalid_type" &&
    issue.expected === "array" &&
    typeof value === "string" &&
    /command$/i.test(name)
  )
    return `write it as a list: ${hidden ? "[program, argument, …]" : asList(value)}`;
  if (issue.code === "invalid_type" && issue.expected === "string" && typeof value !== "object") {
    return `put it in quotes: "${typeof value === "number" || typeof value === "boolean" ? value : "…"}"`;
  }
  if (issue.code === "invalid_value" && typeof value === "string") {
    const meant = suggest(value, issue.values.map(String));
    if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
  }
  return description ?? `correct ${name}`;
}

/** The words of a command line, up to the first one that is no plain word: a secret may stand behind an option. */
function asList(commandLine: string): string {
  const words = commandLine.trim().split(/\s+/);
  const odd = words.findIndex((word) => !/^[\w./][\w./-]*$/.test(word));
  const plain = odd < 0 ? words : [...words.slice(0, odd), "…"];
  return `[${redactText(plain.join(", "))}]`;
}

/** What was found, as far as it may be shown: text that could be a secret is never quoted. */
function show(value: unknown, path: Path, options: ShapeOptions): string | undefined {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (isMapping(value)) return "a mapping";
  const secret = options.substituted.has(formatPath(path)) || /token|secret|password|key$/i.test(lastKey(path));
  if (secret) return typeof value === "string" ? (value === "" ? "empty text" : "other text") : `a ${typeof value}`;
  if (typeof value === "string") return value.length > 60 ? `text of ${value.length} letters` : JSON.stringify(value);
  return String(value);
}

function lastKey(path: Path): string {
  const last = path.at(-1);
  return typeof last === "number" ? formatPath(path.slice(-2)) : (last ?? "");
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
