import { readdirSync, readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { messageOf } from "../message-of.js";
import { type Scenario, scenarioSchema } from "./schema.js";

/** One thing that is wrong with a scenario file. */
export interface ScenarioProblem {
  readonly line: number;
  readonly column: number;
  /** e.g. `faults[0].effect.kind`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A scenario file that can't be played; the message names every problem with its place. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly problems: readonly ScenarioProblem[];

  constructor(file: string, problems: readonly ScenarioProblem[]) {
    const lines = problems.map(
      ({ line, column, path, message }) => `${file}:${line}:${column} ${path}${path && ": "}${message}`,
    );
    super(lines.join("\n"));
    this.problems = problems;
  }
}

/** Reads a scenario from YAML. @throws ScenarioError with everything that is wrong, each with line and column */
export function readScenario(text: string, file = "scenario"): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
    ...place(pos[0]),
    path: "",
    message,
  }));
  if (broken.length > 0) throw new ScenarioError(file, broken);
  const checked = scenarioSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (checked.success) return checked.data;
  const problems = checked.error.issues.flatMap(flattened).flatMap((issue) => {
    // An unknown key stands where it was written, not where its mapping begins.
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
    return keys.map((key) => {
      const path = key === undefined ? issue.path : [...issue.path, key];
      const message = key === undefined ? issue.message : `unknown key ${key}`;
      return { ...place(offsetOf(document.contents, path)), path: formatPath(path), message };
    });
  });
  throw new ScenarioError(
    file,
    problems.sort((a, b) => a.line - b.line || a.column - b.column),
  );
}

/** Reads a scenario file. @throws ScenarioError when it can't be read or is not one */
export function loadScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const message = messageOf(error);
    throw new ScenarioError(file, [{ line: 1, column: 1, path: "", message: `can't be read: ${message}` }]);
  }
  return readScenario(text, file);
}

const folder = new URL("../../scenarios/", import.meta.url);

/** Names of the scenarios that come with the simulator. */
export function shippedScenarios(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** One of the scenarios that come with the simulator. @throws ScenarioError naming those there are */
export function shippedScenario(name: string): Scenario {
  const names = shippedScenarios();
  if (!names.includes(name)) {
    throw new ScenarioError(name, [
      { line: 1, column: 1, path: "", message: `no scenario of that name; there are ${names.join(", ")}` },
    ]);
  }
  return readScenario(readFileSync(new URL(`${name}.yaml`, folder), "utf8"), `${name}.yaml`);
}

type Issue = z.core.$ZodIssue;

/** The alternative of a union that came nearest: the one with the fewest complaints, of several the deepest. */
function flattened(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));
  const [nearest] = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length);
  if (nearest === undefined || depth(nearest) === 0) return [issue];
  return nearest.flatMap((inner) => flattened({ ...inner, path: [...issue.path, ...inner.path] }));
}

function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: Node | null = root;
  let offset = node?.range?.[0] ?? 0;
  for (const step of path) {
    if (isSeq<Node>(node) && typeof step === "number") node = node.items[step] ?? null;
    else if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
      continue;
    } else return offset;
    offset = node?.range?.[0] ?? offset;
  }
  return offset;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : `${text}${text && "."}${String(step)}`),
    "",
  );
}
