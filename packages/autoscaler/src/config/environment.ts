import { type ConfigIssue, formatPath, type Path } from "./issue.js";
import { type ConfigSource, isMapping } from "./source.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly raw: unknown;
  /** Paths of the texts that a variable was put into: they may be secret, and numbers in them are still text. */
  readonly paths: ReadonlySet<string>;
  readonly issues: readonly ConfigIssue[];
}

const REFERENCE = /\$(?:\$(?=\{)|\{([^}]*)\})/g;
const NAME = /^[A-Za-z_]\w*$/;

/**
 * Puts variables into every text: `${NAME}`, `${NAME:-default}` for one that is unset or empty; `$${` is a plain `${`.
 * Keys stay as they are.
 */
export function substitute(source: ConfigSource, environment: Environment): Substituted {
  if (!source.substitutes) return { raw: source.raw, paths: new Set(), issues: [] };
  const paths = new Set<string>();
  const issues: ConfigIssue[] = [];

  const inText = (text: string, path: Path): string =>
    text.replaceAll(REFERENCE, (whole: string, inner: string | undefined) => {
      if (inner === undefined) return "$";
      paths.add(formatPath(path));
      const [name = "", fallback] = splitDefault(inner);
      const value = NAME.test(name) ? environment[name] : undefined;
      if (value !== undefined && (value !== "" || fallback === undefined)) return value;
      if (fallback !== undefined && NAME.test(name)) return fallback;
      issues.push({ place: source.placeInside(path, whole), path, ...explain(name) });
      return "";
    });

  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return inText(value, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (!isMapping(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  return { raw: visit(source.raw, []), paths, issues };
}

function splitDefault(inner: string): [string, string | undefined] {
  const at = inner.indexOf(":-");
  return at < 0 ? [inner, undefined] : [inner.slice(0, at), inner.slice(at + 2)];
}

function explain(name: string): { readonly problem: string; readonly remedy: string } {
  if (!NAME.test(name)) {
    return {
      problem: `expected the name of a variable between \${ and }`,
      remedy: `write \${NAME} or \${NAME:-default}, or $\${ for a plain \${`,
    };
  }
  return {
    problem: `the environment variable ${name} is not set`,
    remedy: `set ${name}, or write a default: \${${name}:-value}; for a plain \${${name}} write $\${${name}}`,
  };
}
