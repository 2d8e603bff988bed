import { parseConfigUrl, RequestPace, ScaleSetClient } from "@scaleset/client";
import { credentialsFrom } from "../service/credentials.js";
import { RunnerGroups } from "../service/runner-groups.js";
import { VERSION } from "../version.js";
import type { PlannedSet } from "./plan.js";
import type { World } from "./world.js";

/** What scale sets of one target and credential share. */
export interface Connection {
  readonly client: ScaleSetClient;
  readonly groups: RunnerGroups;
}

/** One client for each target and credential, shared by the scale sets there and closed after the last of them. */
export class Connections {
  readonly #world: World;
  readonly #requestsPerSecond: number;
  readonly #open = new Map<string, Connection & { users: number }>();
  /** By host. */
  readonly #paces = new Map<string, RequestPace>();

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
    const client = new ScaleSetClient({
      configUrl: url,
      credentials: credentialsFrom(credentials),
      systemInfo: { system: "scaleset-autoscaler", version: VERSION, subsystem: "listener" },
      pace: this.#paceOf(url),
      fetch,
      clock,
      random,
      logger,
      env,
    });
    return { client, groups: new RunnerGroups(client, clock) };
  }

  /** A host bears what it bears, however many targets it has. */
  #paceOf(url: string): RequestPace {
    const { host } = new URL(parseConfigUrl(url).apiBase);
    const pace = this.#paces.get(host) ?? new RequestPace(this.#requestsPerSecond, this.#world.clock);
    this.#paces.set(host, pace);
    return pace;
  }
}
