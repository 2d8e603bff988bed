import type { Simulator } from "@scaleset/simulator";
import { type Failure, lasting, lying, MINUTE_MS, moment, pick, type Stage } from "./failure.js";

const aSet = ({ simulator, random }: Stage) => pick(random, simulator.state().scaleSets);

/** Edits a scale set back. Where its name was taken meanwhile, whoever edited it deletes theirs instead. */
function undo(simulator: Simulator, id: number, edit: Parameters<Simulator["editScaleSet"]>[1]): void {
  try {
    simulator.editScaleSet(id, edit);
  } catch {
    simulator.removeScaleSet(id);
  }
}

const labelled = (labels: readonly string[]) => ({ labels: labels.map((name) => ({ name })) });

/** What somebody does at GitHub by hand, and takes back after a while. */
export const handEdits: readonly Failure[] = lying("person", [
  lasting("somebody changes a scale set's label", { minutes: [2, 30] }, (stage) => {
    const set = aSet(stage);
    if (set === undefined) return undefined;
    stage.simulator.editScaleSet(set.id, labelled(["by-hand"]));
    return () => {
      undo(stage.simulator, set.id, labelled([set.name]));
      return 1;
    };
  }),
  lasting("somebody moves a scale set to another group", { minutes: [2, 30] }, (stage) => {
    const { simulator } = stage;
    const set = aSet(stage);
    if (set === undefined) return undefined;
    const runnerGroupId = simulator.addRunnerGroup(set.scope, "by-hand");
    if (set.runnerGroupId === runnerGroupId) return undefined;
    const taken = simulator.state().scaleSets.some((each) => {
      return each.runnerGroupId === runnerGroupId && each.name === set.name && each.scope === set.scope;
    });
    if (taken) return undefined;
    simulator.editScaleSet(set.id, { runnerGroupId });
    return () => {
      undo(simulator, set.id, { runnerGroupId: set.runnerGroupId });
      return 1;
    };
  }),
  lasting("somebody renames a scale set", { minutes: [2, 30] }, (stage) => {
    const { simulator, random } = stage;
    const set = aSet(stage);
    if (set === undefined) return undefined;
    simulator.editScaleSet(set.id, { name: `${set.name}-renamed-${Math.floor(random() * 1e9)}` });
    return () => {
      undo(simulator, set.id, { name: set.name });
      return 1;
    };
  }),
  lasting("somebody deletes a scale set and makes it with another label", { minutes: [2, 30] }, (stage) => {
    const { simulator } = stage;
    const set = aSet(stage);
    if (set === undefined || !simulator.removeScaleSet(set.id)) return undefined;
    const id = simulator.createScaleSet(set.scope, { name: set.name, ...labelled(["by-hand"]) });
    return () => {
      undo(simulator, id, labelled([set.name]));
      return 1;
    };
  }),
  {
    ...moment("somebody deletes a busy runner", ({ simulator, random }) => {
      const busy = simulator.state().runners.filter(({ state }) => state === "busy");
      const runner = pick(random, busy);
      return runner !== undefined && simulator.dropRunner(runner.name);
    }),
    // Nobody is told of it: its job goes on, and the service knows no runner for it.
    lingersMs: 45 * MINUTE_MS,
  },
]);
