import type { Clock, ScaleSetClient } from "@scaleset/client";
import type { CallOptions } from "@scaleset/provisioner";
import { abortable } from "@scaleset/provisioner";

/** How long an answer is good: a group that was made anew has another id. */
const MEMORY_MS = 60_000;

/** Ids of runner groups, asked for once for all scale sets of a connection that begin at the same time. */
export class RunnerGroups {
  readonly #client: ScaleSetClient;
  readonly #clock: Clock;
  readonly #asked = new Map<string, { readonly at: number; readonly id: Promise<number> }>();

  constructor(client: ScaleSetClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** @throws {ScaleSetError} as `getRunnerGroupByName` does; the next call asks again */
  async idOf(name: string, { signal }: CallOptions): Promise<number> {
    const now = this.#clock.monotonic();
    const known = this.#asked.get(name);
    if (known !== undefined && now - known.at < MEMORY_MS) return await abortable(known.id, signal);
    // Without the caller's signal: others wait for it too, and the client bounds each call.
    const asked = { at: now, id: this.#client.getRunnerGroupByName(name).then(({ id }) => id) };
    this.#asked.set(name, asked);
    asked.id.catch(() => {
      if (this.#asked.get(name) === asked) this.#asked.delete(name);
    });
    return await abortable(asked.id, signal);
  }
}
