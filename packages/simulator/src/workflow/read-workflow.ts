import { isMap, isSeq, type Node } from "yaml";
import { Located, WorkflowError } from "./located.js";
import { type Combination, combinationsOf } from "./matrix.js";

type Env = Readonly<Record<string, string>>;

/** A job of a workflow file, one for each combination of its matrix. */
export interface WorkflowJob {
  /** Its id, with its combination, e.g. `test (20, linux)`. */
  readonly key: string;
  readonly name: string;
  /** Keys of the jobs that must have succeeded before. */
  readonly needs: readonly string[];
  readonly runsOn: readonly string[];
  readonly steps: readonly { readonly name: string; readonly script: string; readonly env: Env }[];
}

interface Context {
  readonly located: Located;
  readonly matrix: Combination;
}

/**
 * Reads the jobs of a workflow file, needed ones first: `run` steps, `env`, `matrix` and `needs`. Triggers are not
 * looked at. @throws WorkflowError naming everything else that it holds, each with line and column
 */
export function readWorkflow(text: string, file = "workflow"): WorkflowJob[] {
  const located = new Located(text);
  if (located.problems.length > 0) throw new WorkflowError(file, located.problems);
  let env: Env = {};
  let jobs: ReturnType<Located["entries"]> | undefined;
  for (const { key, at, value } of located.entries(located.root, "")) {
    // YAML 1.1 readers take the key `on` for a boolean, so it is seen written both ways.
    if (["name", "run-name", "on", "true"].includes(key)) continue;
    if (key === "env") env = envOf({ located, matrix: {} }, value, "env");
    else if (key === "jobs") jobs = located.entries(value, "jobs");
    else located.wrong(at, key, unsupported(key));
  }
  if (jobs === undefined || jobs.length === 0) located.wrong(located.root, "jobs", "a workflow needs jobs");
  const expanded = new Map((jobs ?? []).map(({ key, value }) => [key, jobsOf(located, { id: key, node: value, env })]));
  const ordered = inOrder(located, expanded, jobs ?? []);
  if (located.problems.length > 0) throw new WorkflowError(file, located.problems);
  return ordered;
}

interface Read extends Omit<WorkflowJob, "needs"> {
  readonly needs: readonly { readonly id: string; readonly node: Node | null }[];
}

const unsupported = (key: string): string =>
  `${key} is not supported: the simulator runs jobs of run steps, with env, matrix and needs`;

function jobsOf(located: Located, { id, node, env }: { id: string; node: Node | null; env: Env }): Read[] {
  const path = `jobs.${id}`;
  const parts = new Map<string, Node | null>();
  for (const { key, at, value } of located.entries(node, path)) {
    if (["name", "runs-on", "env", "needs", "strategy", "steps"].includes(key)) parts.set(key, value);
    else located.wrong(at, `${path}.${key}`, unsupported(key));
  }
  for (const key of ["runs-on", "steps"]) {
    if (isMap(node) && !parts.has(key)) located.wrong(node, path, `a job needs ${key}`);
  }
  const combinations = parts.has("strategy")
    ? strategyOf(located, parts.get("strategy") ?? null, `${path}.strategy`)
    : [{}];
  return combinations.map((matrix) => {
    const context = { located, matrix };
    const values = Object.values(matrix).join(", ");
    const suffix = values === "" ? "" : ` (${values})`;
    const named = parts.get("name");
    const jobEnv = parts.has("env") ? { ...env, ...envOf(context, parts.get("env"), `${path}.env`, env) } : env;
    return {
      key: `${id}${suffix}`,
      name: named ? filled(context, named, `${path}.name`, jobEnv) : `${id}${suffix}`,
      needs: parts.has("needs")
        ? listOf(parts.get("needs")).map((item) => ({ id: located.text(item, `${path}.needs`), node: item }))
        : [],
      runsOn: parts.has("runs-on") ? labelsOf(context, parts.get("runs-on") ?? null, `${path}.runs-on`, jobEnv) : [],
      steps: parts.has("steps") ? stepsOf(context, parts.get("steps") ?? null, `${path}.steps`, jobEnv) : [],
    };
  });
}

function strategyOf(located: Located, node: Node | null, path: string): Combination[] {
  for (const { key, at, value } of located.entries(node, path)) {
    if (key === "matrix") return combinationsOf(located, value, `${path}.matrix`);
    located.wrong(at, `${path}.${key}`, unsupported(key));
  }
  return [{}];
}

function labelsOf(context: Context, node: Node | null, path: string, env: Env): string[] {
  const { located } = context;
  if (!isMap(node)) return listOf(node).map((item) => filled(context, item, path, env));
  for (const { key, at, value } of located.entries(node, path)) {
    if (key === "labels") return listOf(value).map((item) => filled(context, item, `${path}.labels`, env));
    located.wrong(at, `${path}.${key}`, unsupported(key));
  }
  return [];
}

function stepsOf(context: Context, node: Node | null, path: string, env: Env): WorkflowJob["steps"] {
  const { located } = context;
  if (!isSeq<Node>(node) || node.items.length === 0) {
    located.wrong(node, path, "must be a list with at least one step");
    return [];
  }
  return node.items.map((step, index) => {
    const at = `${path}[${index}]`;
    let [name, script]: (string | undefined)[] = [];
    const entries = located.entries(step, at);
    const own = entries.find(({ key }) => key === "env");
    const stepEnv = own === undefined ? env : { ...env, ...envOf(context, own.value, `${at}.env`, env) };
    for (const { key, at: keyNode, value } of entries) {
      if (key === "name") name = filled(context, value, `${at}.name`, stepEnv);
      else if (key === "run") script = filled(context, value, `${at}.run`, stepEnv);
      else if (key !== "env") located.wrong(keyNode, `${at}.${key}`, unsupported(key));
    }
    if (script === undefined && isMap(step)) located.wrong(step, at, "a step needs run");
    return { name: name ?? `Run ${(script ?? "").split("\n")[0]}`, script: script ?? "", env: stepEnv };
  });
}

function envOf(context: Context, node: Node | null | undefined, path: string, outer: Env = {}): Env {
  const entries = context.located.entries(node, path);
  return Object.fromEntries(entries.map(({ key, value }) => [key, filled(context, value, `${path}.${key}`, outer)]));
}

const expression = /\$\{\{\s*(.*?)\s*\}\}/gs;

/** A text with its expressions put in: values of the matrix and of the environment; any other expression is wrong. */
function filled({ located, matrix }: Context, node: Node | null, path: string, env: Env): string {
  return located.text(node, path).replace(expression, (whole, inner: string) => {
    const [, kind, name = ""] = /^(matrix|env)\.([\w-]+)$/.exec(inner) ?? [];
    const value = kind === "matrix" ? matrix[name] : kind === "env" ? env[name] : undefined;
    if (value !== undefined) return value;
    if (kind === undefined)
      located.wrong(node, path, `the expression ${whole} is not supported: only matrix.NAME and env.NAME are`);
    return "";
  });
}

function listOf(node: Node | null | undefined): (Node | null)[] {
  return isSeq<Node>(node) ? node.items : [node ?? null];
}

/** Needed jobs first. Unknown needs and circles are wrong. */
function inOrder(
  located: Located,
  jobs: ReadonlyMap<string, readonly Read[]>,
  written: readonly { key: string; at: Node }[],
): WorkflowJob[] {
  const ordered: WorkflowJob[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (id: string): void => {
    state.set(id, "open");
    for (const { id: need, node } of jobs.get(id)?.[0]?.needs ?? []) {
      if (!jobs.has(need)) located.wrong(node, `jobs.${id}.needs`, `there is no job ${need}`);
      else if (state.get(need) === "open")
        located.wrong(node, `jobs.${id}.needs`, `the jobs ${need} and ${id} need each other`);
      else if (state.get(need) === undefined) visit(need);
    }
    state.set(id, "done");
    for (const job of jobs.get(id) ?? []) {
      ordered.push({ ...job, needs: job.needs.flatMap((need) => (jobs.get(need.id) ?? []).map(({ key }) => key)) });
    }
  };
  for (const { key } of written) if (state.get(key) === undefined) visit(key);
  return ordered;
}
