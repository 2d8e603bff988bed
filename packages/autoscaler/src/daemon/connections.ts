import { parseConfigUrl, RequestPace, ScaleSetClient } from "@scaleset/client";
import { AskBudget } from "../engine/ask-budget.js";
import { credentialsFrom } from "../service/credentials.js";
import { RunnerGroups } from "../service/runner-groups.js";
import { VERSION } from "../version.js";
import type { PlannedSet } from "./plan.js";
import type { World } from "./world.js";

/** What scale sets of one target and credential share. */
export interface Connection {
  readonly client: ScaleSetClient;
  readonly groups: RunnerGroups;
  /** Of the target's host. */
  readonly asks: AskBudget;
}

/** One client for each target and credential, shared by the scale sets there and closed after the last of them. */
export class Connections {
  readonly #world: World;
  readonly #requestsPerSecond: number;
  readonly #open = new Map<string, Connection & { users: number }>();
  /** By host. */
  readonly #paces = new Map<string, { readonly pace: RequestPace; readonly asks: AskBudget }>();

  constructor(world: World, requestsPerSecond: number) {
    this.#world = world;
    this.#requestsPerSecond = requestsPerSecond;
  }

  /** @throws {ScaleSetError} `CONFIG` for credentials that can't be used at all */
  use({ connection, target }: PlannedSet): Connection & { release(): Promise<void> } {
    const shared = this.#open.get(connection) ?? { ...this.#connect(target), users: 0 };
    this.#open.set(connection, shared);
    shared.users += 1;
    let released = false;
    return {
      client: shared.client,
      groups: shared.groups,
      asks: shared.asks,
      release: async () => {
        if (released) return;
        released = true;
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#open.delete(connection);
        await shared.client.close();
      },
    };
  }

  #connect({ url, credentials }: PlannedSet["target"]): Connection {
    const { fetch, clock, random, logger, env } = this.#world;
    const { pace, asks } = this.#paceOf(url);
    const client = new ScaleSetClient({
      configUrl: url,
      credentials: credentialsFrom(credentials),
      systemInfo: { system: "scaleset-autoscaler", version: VERSION, subsystem: "listener" },
      pace,
      fetch,
      clock,
      random,
      logger,
      env,
    });
    return { client, groups: new RunnerGroups(client, clock), asks };
  }

  /** A host bears what it bears, however many targets it has. */
  #paceOf(url: string): { readonly pace: RequestPace; readonly asks: AskBudget } {
    const { host } = new URL(parseConfigUrl(url).apiBase);
    const known = this.#paces.get(host);
    if (known !== undefined) return known;
    const { clock } = this.#world;
    const pace = new RequestPace(this.#requestsPerSecond, clock);
    const made = { pace, asks: new AskBudget(pace, this.#requestsPerSecond, clock) };
    this.#paces.set(host, made);
    return made;
  }
}
