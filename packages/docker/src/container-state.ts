import { constants } from "node:os";
import type { Instance, InstanceState } from "@scaleset/provisioner";
import type Docker from "dockerode";
import { ENTRY_FAILED } from "./entry.js";
import { type EngineLabels, fromEngineLabels } from "./labels.js";

/** What we use of an inspected container. */
export interface Inspected {
  readonly Name: string;
  readonly Created: string;
  readonly State: Pick<Docker.ContainerInspectInfo["State"], "Status" | "ExitCode" | "OOMKilled" | "Error">;
  readonly Config: { readonly Labels?: EngineLabels };
}

const STATES: Readonly<Record<string, InstanceState>> = {
  created: "created",
  running: "started",
  paused: "started",
  restarting: "started",
  exited: "exited",
  dead: "exited",
  // It still takes up room, and nothing in it runs.
  removing: "exited",
};

/** The engine's word for how a container is, as ours. Of a word that we don't know it is only sure that it is no room. */
export function stateOf(status: string): InstanceState {
  return STATES[status] ?? "started";
}

/** To the second, which is all that an engine's list says. */
export function createdAtOf(created: string | number): number {
  return (typeof created === "number" ? created : Math.floor(Date.parse(created) / 1_000)) * 1_000;
}

/** Undefined for a container that is no instance. */
export function instanceOf(container: Inspected): Instance | undefined {
  const labels = fromEngineLabels(container.Config.Labels);
  if (labels === undefined) return undefined;
  const state = stateOf(container.State.Status);
  return {
    name: container.Name.replace(/^\//, ""),
    labels,
    state,
    createdAt: createdAtOf(container.Created),
    ...(state === "exited" ? exitOf(container.State) : {}),
  };
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** How a container ended, and why, where the engine can tell. */
export function exitOf(state: Inspected["State"]): Pick<Instance, "exitCode" | "exitReason"> {
  const reason = exitReason(state.ExitCode, state.OOMKilled, state.Error);
  return { exitCode: state.ExitCode, ...(reason === undefined ? {} : { exitReason: reason }) };
}

function exitReason(code: number, outOfMemory: boolean, error: string): string | undefined {
  if (outOfMemory) return "out of memory: a process of it was ended by the kernel";
  if (error !== "") return error;
  if (code === ENTRY_FAILED) return "its entry could not hand over the JIT config (its logs say why)";
  if (code === 127) return "its command was not found in the image";
  if (code === 126) return "its command can't be executed";
  const signal = code > 128 ? SIGNALS.get(code - 128) : undefined;
  return signal === undefined ? undefined : `killed by ${signal}`;
}
