import type { Scene } from "./watch/scene.js";
import { isLeftToItself, mayPass } from "./watch/settled.js";

/**
 * Every job has ended, nothing is left of runners that are gone, and over all machines together as many live as the
 * minimum asks for, none of them unfit. Each daemon has cleared its own machine by itself.
 */
export function atRest(scene: Scene): boolean {
  const { simulator, hosts, daemons, facts } = scene;
  const runners = simulator.state().runners.filter(({ name }) => !facts.forgotten.has(name));
  if (runners.some(({ name, state }) => state === "busy" || (state === "offline" && !mayPass(scene, name))))
    return false;
  const instances = hosts.flatMap((host) => host.instances()).filter(({ name }) => !isLeftToItself(scene, name));
  if (instances.some(({ state, unfit }) => state === "started" && unfit !== undefined)) return false;
  const live = instances.length;
  if (live !== runners.length) return false;
  // A registration that nobody remembers may count as a runner of another machine until the service drops it.
  return facts.forgotten.size > 0 || live === leastOf(daemons);
}

/** The minimum of all scale sets, each counted once however many daemons may hold it. */
function leastOf(daemons: Scene["daemons"]): number {
  const wanted = new Map<string, number>();
  for (const daemon of daemons) {
    for (const { name, minRunners } of daemon.config.scaleSets) wanted.set(`${daemon.path}/${name}`, minRunners);
  }
  return [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

/** What still stirs, in words. */
export function unrest({ simulator, hosts, daemons }: Scene): string {
  const runners = simulator.state().runners.map(({ name, state }) => `${name} ${state}`);
  const instances = hosts.flatMap((host) => host.instances().map(({ name, state }) => `${name} ${state}`));
  const status = daemons.map((daemon) =>
    JSON.stringify(
      daemon
        .status()
        ?.scaleSets.map((set) => [
          set.state,
          set.live,
          set.target,
          set.lastDecision?.reasons,
          set.problems.map(({ code }) => code),
        ]),
    ),
  );
  return `registered: ${runners.join(", ")}; instances: ${instances.join(", ")}; ${status.join("; ")}`;
}
