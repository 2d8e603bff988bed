import { type Context, nextId } from "./context.js";
import { abandonByService } from "./jobs.js";
import { Refusal } from "./refusal.js";
import { orphanRunner } from "./runners.js";
import { runnerGroup } from "./scopes.js";
import { endSession } from "./sessions.js";
import type { JobRow, Label, ScaleSetRow, Scope } from "./state.js";

/** What a client may say about a scale set. */
export interface ScaleSetInput {
  readonly name?: string | undefined;
  readonly runnerGroupId?: number | undefined;
  readonly labels?: readonly { readonly name: string; readonly type?: string | undefined }[] | undefined;
  readonly disableUpdate?: boolean | undefined;
}

/**
 * A name or a label is required; without labels the name is the only one, and a label without a type is a `System`
 * one. The name is taken if another set of the same runner group has it.
 */
export function createScaleSet(
  context: Context,
  scope: Scope,
  input: ScaleSetInput,
  cause = "the client asked",
): ScaleSetRow {
  const given = labelsOf(context, input.labels);
  const name = input.name?.trim() || given[0]?.name;
  if (!name) throw new Refusal("ArgumentException", "A runner scale set needs a name or a label.");
  const runnerGroupId = runnerGroup(scope, input.runnerGroupId ?? 1).id;
  refuseTakenName(context, scope, { name, runnerGroupId });
  const set: ScaleSetRow = {
    id: nextId(context),
    scope,
    createdAtMs: context.now(),
    name,
    runnerGroupId,
    labels: given.length > 0 ? given : [{ type: "System", name }],
    disableUpdate: input.disableUpdate ?? false,
    deleted: false,
    session: undefined,
    messages: new Map(),
    lastMessageId: 0,
    deafUntilMs: 0,
    outbox: [],
    available: new Set(),
    assigned: new Set(),
    running: new Set(),
    runners: new Set(),
  };
  context.state.scaleSets.set(set.id, set);
  context.touched.add(set);
  context.journal.record({ subject: "scale-set", event: "created", cause, scaleSetId: set.id });
  return set;
}

export function updateScaleSet(
  context: Context,
  set: ScaleSetRow,
  input: ScaleSetInput,
  cause = "the client asked",
): ScaleSetRow {
  const name = input.name?.trim() || set.name;
  const runnerGroupId = runnerGroup(set.scope, input.runnerGroupId ?? set.runnerGroupId).id;
  refuseTakenName(context, set.scope, { name, runnerGroupId, but: set });
  const labels = labelsOf(context, input.labels);
  set.name = name;
  set.runnerGroupId = runnerGroupId;
  if (labels.length > 0) set.labels = labels;
  set.disableUpdate = input.disableUpdate ?? set.disableUpdate;
  context.touched.add(set);
  context.journal.record({ subject: "scale-set", event: "updated", cause, scaleSetId: set.id });
  return set;
}

/** Its session ends, its runners are orphaned, and the jobs it had not started go back to whoever else takes them. */
export function deleteScaleSet(context: Context, set: ScaleSetRow, cause: string): void {
  if (set.session !== undefined) endSession(context, set.session, "closed", cause);
  set.deleted = true;
  context.state.scaleSets.delete(set.id);
  context.journal.record({ subject: "scale-set", event: "deleted", cause, scaleSetId: set.id });
  const unstarted: JobRow[] = [...set.available, ...set.assigned];
  for (const job of unstarted) abandonByService(context, job, "its scale set was deleted");
  for (const runner of [...set.runners]) orphanRunner(context, runner);
  for (const message of set.messages.values()) message.stopTimer();
  set.messages.clear();
  set.outbox = [];
}

/** The set with this id in this scope. */
export function scaleSet(context: Context, scope: Scope, id: number): ScaleSetRow {
  const set = context.state.scaleSets.get(id);
  if (set === undefined || set.scope !== scope) {
    throw new Refusal("RunnerScaleSetNotFoundException", `No runner scale set found with identifier ${id}.`);
  }
  return set;
}

export function findScaleSets(
  context: Context,
  scope: Scope,
  { runnerGroupId, name }: { readonly runnerGroupId?: number | undefined; readonly name?: string | undefined },
): ScaleSetRow[] {
  const wanted = name?.toLowerCase();
  return [...context.state.scaleSets.values()].filter(
    (set) =>
      set.scope === scope &&
      (runnerGroupId === undefined || set.runnerGroupId === runnerGroupId) &&
      (wanted === undefined || set.name.toLowerCase() === wanted),
  );
}

function labelsOf(context: Context, given: ScaleSetInput["labels"] = []): Label[] {
  const labels = context.options.multiLabel ? given : given.slice(0, 1);
  return labels.map(({ name, type }) => {
    if (!name.trim()) throw new Refusal("ArgumentException", "A label needs a name.");
    return { type: type || "System", name: name.trim() };
  });
}

function refuseTakenName(
  context: Context,
  scope: Scope,
  { name, runnerGroupId, but }: { name: string; runnerGroupId: number; but?: ScaleSetRow },
): void {
  if (findScaleSets(context, scope, { runnerGroupId, name }).every((set) => set === but)) return;
  const group = scope.groups.get(runnerGroupId)?.name ?? runnerGroupId;
  throw new Refusal(
    "RunnerScaleSetExistsException",
    `A runner scale set named ${name} exists already in the runner group ${group}.`,
  );
}
