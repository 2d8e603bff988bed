import type { Instance } from "@scaleset/provisioner";
import type { Scene, WatchedDaemon } from "./scene.js";

/** Instances of a scale set on all hosts, by the daemon's identity for it. */
export function instancesOf(scene: Scene, daemon: WatchedDaemon, scaleSet: string): Instance[] {
  const identity = daemon.identityOf(scaleSet);
  return scene.hosts.flatMap((host) => host.instances().filter(({ labels }) => labels.identity === identity));
}

/** Whether a runner can take a job, now or once it has booted. */
export function canTakeAJob(scene: Scene, { name, state, createdAt }: Instance, bootDeadlineMs: number): boolean {
  if (state === "exited") return false;
  const runner = scene.facts.byName.get(name);
  const young = scene.clock.now() - createdAt <= bootDeadlineMs;
  if (runner === undefined) return young;
  if (runner.job !== undefined || !runner.registered) return false;
  return runner.everOnline || young;
}

/**
 * Live runners without a job that an open job still names, as far as their daemon knows: JobCompleted was lost, and no
 * exit is seen. Such a runner counts as able for 6 h (lifecycle.md §2), though it never takes another job.
 */
export function wronglyNamed(scene: Scene, key: string): number {
  const names = new Set<string>();
  for (const { daemon, scaleSet } of contenders(scene, key)) {
    const { named, state: session } = scene.facts.lease(daemon, scaleSet);
    if (session !== "held") continue;
    for (const { name, state } of instancesOf(scene, daemon, scaleSet)) {
      const seemsAlive = state === "started" || !daemon.host.capabilities.observesExit;
      if (seemsAlive && named.has(name) && scene.facts.byName.get(name)?.job === undefined) names.add(name);
    }
  }
  return names.size;
}

/**
 * Whether the daemon could launch one more runner of the set, by the truth of the world: under its maximum, under the
 * limit of all its sets, and with room on the host.
 */
export function hasPlace(scene: Scene, daemon: WatchedDaemon, scaleSet: string): boolean {
  if (!daemon.up || daemon.pausedAs !== undefined || !daemon.settled) return false;
  const configured = daemon.config.scaleSets.find(({ name }) => name === scaleSet);
  if (configured === undefined) return false;
  if (scene.facts.launches.isFull(daemon)) return false;
  const onHost = daemon.host.instances();
  if (onHost.length >= Math.min(scene.maxInstances, daemon.host.maxInstances)) return false;
  if (instancesOf(scene, daemon, scaleSet).length >= configured.maxRunners) return false;
  const own = onHost.filter(({ labels }) => daemon.identities.has(labels.identity)).length;
  return own < daemon.mostOfAll();
}

/** Who may hold a scale set, by its key. */
export function contenders(scene: Scene, key: string): { readonly daemon: WatchedDaemon; readonly scaleSet: string }[] {
  const [, path = "", scaleSet = ""] = /^(.*)\/([^/]*)$/.exec(key) ?? [];
  return scene.daemons.filter((daemon) => daemon.path === path).map((daemon) => ({ daemon, scaleSet }));
}
