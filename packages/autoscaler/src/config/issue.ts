/** Where a value came from: a spot in a file, a flag, or a variable of the environment. */
export type Place =
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "flag"; readonly flag: string }
  | { readonly kind: "environment"; readonly variable: string };

/** Steps from the top of the configuration to one value: keys and positions in lists. */
export type Path = readonly (string | number)[];

/** One thing that is wrong, or worth a warning. Never holds a secret. */
export interface ConfigIssue {
  readonly place: Place;
  readonly path: Path;
  /** What was expected and what was found instead. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Everything that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "CONFIG_INVALID";
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(issues.map(formatIssue).join("\n"));
    this.issues = issues;
  }
}

/** `scaleSets[0].maxRunners`, as a person would write it. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** Place and problem on one line, what to do on the next. */
export function formatIssue(issue: ConfigIssue): string {
  const { place } = issue;
  const path = formatPath(issue.path);
  const head =
    place.kind === "file"
      ? `${place.file}:${place.line}:${place.column}: ${path === "" ? "" : `${path}: `}`
      : place.kind === "flag"
        ? `${place.flag}: `
        : `${place.variable} (environment): `;
  return `${head}${issue.problem}\n  ${issue.remedy}`;
}

/** In the order that a reader meets them in the file; those of flags stay as they came. */
export function sortIssues(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const rank = ({ place }: ConfigIssue): number => (place.kind === "file" ? place.line * 100_000 + place.column : 0);
  return [...issues].sort((a, b) => rank(a) - rank(b));
}
