import type { Context } from "./context.js";
import { Refusal } from "./refusal.js";
import type { RunnerGroupRow, Scope } from "./state.js";

/** Reads the path of a config URL: `/org`, `/owner/repo` or `/enterprises/name`; anything else is nothing. */
function parseScopePath(path: string): Pick<Scope, "kind" | "key" | "path"> | undefined {
  const trimmed = path.replace(/^\/+|\/+$/g, "");
  const parts = trimmed.split("/");
  const [first, second] = parts;
  if (!first || parts.length > 2 || parts.some((part) => !/^[\w.-]+$/.test(part))) return undefined;
  if (second === undefined) return { kind: "org", key: `org:${first.toLowerCase()}`, path: trimmed };
  if (first.toLowerCase() === "enterprises") {
    return { kind: "enterprise", key: `enterprise:${second.toLowerCase()}`, path: trimmed };
  }
  return { kind: "repo", key: `repo:${trimmed.toLowerCase()}`, path: trimmed };
}

/** The scope a path names. Every organisation, repository and enterprise exists as soon as someone speaks of it. */
export function scopeOf(context: Context, path: string): Scope | undefined {
  const parsed = parseScopePath(path);
  if (parsed === undefined) return undefined;
  const known = context.state.scopes.get(parsed.key);
  if (known !== undefined) return known;
  const scope: Scope = {
    ...parsed,
    groups: new Map([[1, { id: 1, name: "default", isDefault: true, repositories: undefined }]]),
  };
  context.state.scopes.set(scope.key, scope);
  return scope;
}

/** Adds a runner group; one that exists is answered as it is. */
export function addRunnerGroup(scope: Scope, name: string, repositories?: readonly string[]): RunnerGroupRow {
  const [known] = findRunnerGroups(scope, name);
  if (known !== undefined) return known;
  const group: RunnerGroupRow = {
    id: scope.groups.size + 1,
    name,
    isDefault: false,
    repositories: repositories && new Set(repositories.map((repository) => repository.toLowerCase())),
  };
  scope.groups.set(group.id, group);
  return group;
}

export function findRunnerGroups(scope: Scope, name: string | undefined): RunnerGroupRow[] {
  const wanted = name?.toLowerCase();
  return [...scope.groups.values()].filter((group) => wanted === undefined || group.name.toLowerCase() === wanted);
}

export function runnerGroup(scope: Scope, id: number): RunnerGroupRow {
  const group = scope.groups.get(id);
  if (group === undefined) throw new Refusal("RunnerGroupNotFoundException", `There is no runner group with id ${id}.`);
  return group;
}
