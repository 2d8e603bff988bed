import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { hostname } from "node:os";
import process from "node:process";
import { BackendError, defineProvisioner, type OpenContext } from "@scaleset/provisioner";
import { DockerBackend } from "./backend.js";
import { connectionOf } from "./connection.js";
import { Engine } from "./engine.js";
import { Images } from "./images.js";
import { type PoolOwner, removeLeftovers } from "./leftovers.js";
import { Maker } from "./maker.js";
import { type DockerOptions, dockerOptions } from "./options.js";
import { Pool } from "./pool.js";
import { loginFor } from "./registry-auth.js";

/** Looking for leftovers, and removing them. @unit milliseconds */
const LEFTOVERS_DEADLINE_MS = 120_000;
/** How often it is tried while there is no engine. @unit milliseconds */
const LEFTOVERS_AGAIN_MS = 30_000;

/**
 * Runners in containers of a Docker engine. Containers outlive the daemon; the next one finds them by their labels. An
 * engine that is not there is no reason not to open: it may come up a moment later.
 */
export const provisioner = defineProvisioner<DockerOptions>({
  kind: "docker",
  options: dockerOptions,
  open: async (options, context) => {
    const { baseFolder, clock, logger } = context;
    const engine = new Engine(connectionOf(options.engine, process.env, baseFolder));
    const life = new AbortController();
    // Each scale set whose containers are made ahead listens to it.
    setMaxListeners(0, life.signal);
    const login = (image: string): ReturnType<typeof loginFor> =>
      loginFor(image, options.registry, { baseFolder, env: process.env });
    const { pull: policy, platform } = options;
    const images = new Images({ engine, policy, platform, login, clock, logger, life: life.signal });
    const maker = new Maker(engine, images, options, context);
    const owner = poolOwner(context);
    const pool = new Pool({ size: options.prewarm, engine, maker, images, owner, context, life: life.signal });
    const opening = clearLeftovers(engine, owner, context, life.signal);
    return new DockerBackend({ engine, images, maker, pool, options, context, life, opening });
  },
});

/** A state folder is one daemon's; a process is one life of it. */
function poolOwner({ stateFolder }: OpenContext): PoolOwner {
  return {
    daemon: createHash("sha256").update(`${hostname()}:${stateFolder}`).digest("hex").slice(0, 16),
    life: `${process.pid}-${Math.round(performance.timeOrigin)}`,
  };
}

/** Once, as soon as there is an engine. Never rejects. */
async function clearLeftovers(
  engine: Engine,
  owner: PoolOwner,
  { clock, logger }: OpenContext,
  life: AbortSignal,
): Promise<void> {
  while (!life.aborted) {
    using deadline = clock.deadline(LEFTOVERS_DEADLINE_MS, { signal: life });
    try {
      await removeLeftovers(engine, owner, { clock, logger }, deadline.signal);
      return;
    } catch (error) {
      if (life.aborted) return;
      const message = error instanceof BackendError ? error.message : String(error);
      logger.debug({ err: message }, "leftovers could not be looked for");
      await clock.sleep(LEFTOVERS_AGAIN_MS, { signal: life }).catch(() => {});
    }
  }
}
