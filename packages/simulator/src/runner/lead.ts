import { RunnerConnection } from "./connection.js";
import { listen } from "./listener.js";
import type { ListenerOptions } from "./listening.js";
import { joinSignals } from "./signals.js";

/** Lives a runner's life, with the accidents that its behaviour asks for. Answers the listener's exit code. */
export async function lead(options: Omit<ListenerOptions, "crash">): Promise<number | "crashed"> {
  const crashing = new AbortController();
  using death = joinSignals(options.death, crashing.signal);
  const crash = (): void => crashing.abort(new Error("the runner crashed"));
  const life = { ...options, death: death.signal, crash };
  try {
    const first = listen(life);
    if (!options.behaviour.usedTwice) return await first;
    const [code] = await Promise.all([first, secondLife(life)]);
    return code;
  } catch (error) {
    if (crashing.signal.aborted && !options.death.aborted) return "crashed";
    throw error;
  }
}

/** Another process with the same JIT config. What becomes of it is nobody's concern. */
async function secondLife(life: ListenerOptions): Promise<void> {
  await listen({ ...life, connection: RunnerConnection.again(life.connection) }).catch(() => undefined);
}
