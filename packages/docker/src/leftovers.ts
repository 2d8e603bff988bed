import type { OpenContext } from "@scaleset/provisioner";
import { createdAtOf } from "./container-state.js";
import type { Engine } from "./engine.js";
import { isStatus } from "./failures.js";
import { AHEAD, BUNDLE, POOL, POOL_LIFE, ROLE } from "./labels.js";
import { removeContainer } from "./maker.js";

/** What has no runner yet may be about to get one. @unit milliseconds */
const YOUNG_MS = 600_000;

/** A daemon, and its life: what the label of a container made ahead says. */
export interface PoolOwner {
  /** Of the state folder, which one daemon at a time has. */
  readonly daemon: string;
  readonly life: string;
}

/**
 * Removes what daemons that were killed left behind and no instance leads to: containers that an earlier life of this
 * daemon made ahead, and inner engines, networks and volumes whose runner is gone.
 */
export async function removeLeftovers(
  engine: Engine,
  owner: PoolOwner,
  { clock, logger }: Pick<OpenContext, "clock" | "logger">,
  signal: AbortSignal,
): Promise<void> {
  const old = (createdAt: number): boolean => clock.now() - createdAt > YOUNG_MS;
  const removed: string[] = [];
  await engine.call("looking for leftovers", signal, async (docker) => {
    const filters = { label: [BUNDLE] };
    const containers = await docker.listContainers({ all: true, filters, abortSignal: signal });
    const led = new Set(
      containers.filter(({ Labels }) => Labels[ROLE] === undefined).map(({ Labels }) => Labels[BUNDLE]),
    );
    for (const { Id, Labels, Created, Names } of containers) {
      const ahead = Labels[POOL] === owner.daemon && Labels[POOL_LIFE] !== owner.life && isAhead(Names);
      const orphan = Labels[ROLE] !== undefined && !led.has(Labels[BUNDLE]) && old(createdAtOf(Created));
      if (!ahead && !orphan) continue;
      await removeContainer(docker, Id, signal);
      removed.push(Id.slice(0, 12));
      if (ahead) led.delete(Labels[BUNDLE]);
    }
    for (const { Id, Name, Labels, Created } of await docker.listNetworks({ filters, abortSignal: signal })) {
      if (led.has(Labels?.[BUNDLE]) || !old(createdAtOf(Created))) continue;
      await docker.getNetwork(Id).remove({ abortSignal: signal }).catch(unlessBusy);
      removed.push(Name);
    }
    const { Volumes } = await docker.listVolumes({ filters: { ...filters, dangling: ["true"] }, abortSignal: signal });
    for (const volume of Volumes) {
      const createdAt = "CreatedAt" in volume && typeof volume.CreatedAt === "string" ? volume.CreatedAt : "";
      if (led.has(volume.Labels?.[BUNDLE]) || !old(createdAtOf(createdAt))) continue;
      await docker.getVolume(volume.Name).remove({ abortSignal: signal }).catch(unlessBusy);
      removed.push(volume.Name.slice(0, 12));
    }
  });
  if (removed.length > 0) logger.info({ removed }, "removed what a daemon that was killed had left behind");
}

function isAhead(names: readonly string[]): boolean {
  return names.some((name) => name.startsWith(`/${AHEAD}`));
}

/** In use after all, or removed by another daemon. */
function unlessBusy(error: unknown): void {
  if (!isStatus(error, 404) && !isStatus(error, 409) && !isStatus(error, 403)) throw error;
}
