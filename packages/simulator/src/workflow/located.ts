import { isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from "yaml";

/** One thing that is wrong with a workflow file. */
export interface WorkflowProblem {
  readonly line: number;
  readonly column: number;
  /** e.g. `jobs.build.steps[0].uses`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A workflow file that can't be run here; the message names every problem with its place. */
export class WorkflowError extends TypeError {
  override readonly name = "WorkflowError";
  readonly problems: readonly WorkflowProblem[];

  constructor(file: string, problems: readonly WorkflowProblem[]) {
    super(
      problems
        .map(({ line, column, path, message }) => `${file}:${line}:${column} ${path}${path && ": "}${message}`)
        .join("\n"),
    );
    this.problems = problems;
  }
}

/** A parsed file whose problems are collected with their places. */
export class Located {
  readonly root: Node | null;
  readonly #lines = new LineCounter();
  readonly #problems: WorkflowProblem[] = [];

  constructor(text: string) {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { pos, message } of [...document.errors, ...document.warnings]) this.#add(pos[0], "", message);
    this.root = document.contents;
  }

  get problems(): readonly WorkflowProblem[] {
    return this.#problems;
  }

  /** Notes that something is wrong at a node. */
  wrong(node: Node | null | undefined, path: string, message: string): void {
    this.#add(node?.range?.[0] ?? 0, path, message);
  }

  /** The entries of a mapping; whatever else it is, is wrong. */
  entries(node: Node | null | undefined, path: string): { key: string; at: Node; value: Node | null }[] {
    if (!isMap<Node, Node | null>(node)) {
      this.wrong(node, path, "must be a mapping");
      return [];
    }
    return node.items.map(({ key, value }: Pair<Node, Node | null>) => ({
      key: isScalar(key) ? String(key.value) : String(key),
      at: key,
      value,
    }));
  }

  /** A scalar as text; whatever else it is, is wrong. */
  text(node: Node | null | undefined, path: string): string {
    if (isScalar(node) && node.value !== null && typeof node.value !== "object") return String(node.value);
    this.wrong(node, path, "must be a single value");
    return "";
  }

  #add(offset: number, path: string, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.#problems.push({ line: Math.max(1, line), column: Math.max(1, col), path, message });
  }
}
