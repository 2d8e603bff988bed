import { isRecord } from "./is-record.js";

/** How far a pull is, from the engine's lines about it. */
export class PullProgress {
  readonly #layers = new Map<string, { done: boolean; current: number; total: number }>();
  /** What the registry or the engine said is wrong; the last line of a pull that failed. */
  error: string | undefined;
  /** Whether something was fetched that was not there. */
  newer = false;

  take(line: unknown): void {
    if (!isRecord(line)) return;
    const { id, status, progressDetail, error } = line;
    if (typeof error === "string") this.error = error;
    if (typeof status === "string" && status.startsWith("Status: Downloaded newer image")) this.newer = true;
    if (typeof id !== "string" || typeof status !== "string") return;
    // "Pulling from library/x" is told with the tag as its id.
    if (status.startsWith("Pulling from")) return;
    const layer = this.#layers.get(id) ?? { done: false, current: 0, total: 0 };
    this.#layers.set(id, layer);
    if (status === "Already exists" || status === "Pull complete") layer.done = true;
    if (status !== "Downloading" || !isRecord(progressDetail)) return;
    const { current, total } = progressDetail;
    if (typeof current === "number") layer.current = current;
    if (typeof total === "number") layer.total = total;
  }

  /** For people: "2 of 5 layers, 112 of 310 MB". */
  toString(): string {
    const layers = [...this.#layers.values()];
    const done = layers.filter((layer) => layer.done).length;
    const sum = (of: (layer: { done: boolean; current: number; total: number }) => number): number =>
      Math.round(layers.reduce((total, layer) => total + of(layer), 0) / 1e6);
    const total = sum((layer) => layer.total);
    const bytes = total === 0 ? "" : `, ${sum((layer) => (layer.done ? layer.total : layer.current))} of ${total} MB`;
    return layers.length === 0 ? "just begun" : `${done} of ${layers.length} layers${bytes}`;
  }
}
