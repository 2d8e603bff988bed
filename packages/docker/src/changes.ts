import type { InstanceEvent, OpenContext } from "@scaleset/provisioner";
import { instanceOf } from "./container-state.js";
import type { Engine } from "./engine.js";
import { isStatus } from "./failures.js";
import { isRecord } from "./is-record.js";
import { jsonLines } from "./json-lines.js";
import { AHEAD, fromEngineLabels, IDENTITY } from "./labels.js";

/** Looking at a container that an event told of. @unit milliseconds */
const LOOK_DEADLINE_MS = 10_000;

/** Events this long before the watch began are told again: the engine's clock need not be ours. @unit seconds */
const OVERLAP_S = 2;

const EVENTS = ["create", "start", "die", "rename", "destroy"];

/** What one line of the engine's events says. */
interface EngineEvent {
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What happens to instances, by the engine's events. Ends quietly when the signal aborts, and throws when the engine goes. */
export async function* watchEngine(
  engine: Engine,
  { clock }: Pick<OpenContext, "clock">,
  signal: AbortSignal,
): AsyncGenerator<InstanceEvent, undefined> {
  if (signal.aborted) return;
  const since = Math.floor(clock.now() / 1_000) - OVERLAP_S;
  const filters = { type: ["container" as const], label: [IDENTITY], event: EVENTS };
  let cut = (): void => {};
  try {
    const stream = await engine.call("watching the engine's events", signal, (docker) =>
      docker.getEvents({ since, filters, abortSignal: signal }),
    );
    cut = () => void ("destroy" in stream && typeof stream.destroy === "function" && stream.destroy());
    signal.addEventListener("abort", cut, { once: true });
    stream.on("error", () => {});
    for await (const line of jsonLines(stream)) {
      if (signal.aborted) return;
      const event = decode(line);
      const instanceEvent = event === undefined ? undefined : await instanceEventOf(engine, event, clock, signal);
      if (instanceEvent !== undefined) yield instanceEvent;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", cut);
    cut();
    // The engine may come back as another version.
    if (!signal.aborted) engine.forget();
  }
}

function decode(line: unknown): EngineEvent | undefined {
  if (!isRecord(line) || !isRecord(line["Actor"])) return undefined;
  const { Action: action, Actor: actor } = line;
  const { ID: id, Attributes: given } = actor;
  if (typeof action !== "string" || typeof id !== "string" || !isRecord(given)) return undefined;
  const attributes = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
  return { action, id, attributes };
}

async function instanceEventOf(
  engine: Engine,
  { action, id, attributes }: EngineEvent,
  clock: OpenContext["clock"],
  signal: AbortSignal,
): Promise<InstanceEvent | undefined> {
  const { name = "" } = attributes;
  // Containers made ahead, and inner engines, are no instances.
  if (name.startsWith(AHEAD) || fromEngineLabels(attributes) === undefined) return undefined;
  if (action === "destroy") return { type: "gone", name };
  using deadline = clock.deadline(LOOK_DEADLINE_MS, { signal });
  const instance = await engine.call(`looking at ${name}`, deadline.signal, async (docker) => {
    try {
      return instanceOf(await docker.getContainer(id).inspect({ abortSignal: deadline.signal }));
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  });
  return instance === undefined ? undefined : { type: "changed", instance };
}
