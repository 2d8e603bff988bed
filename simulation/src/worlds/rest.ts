import type { Scene } from "./watch/scene.js";
import { mayPass } from "./watch/settled.js";

/**
 * Every job has ended, and what lives is what the minimum asks for. On several machines the minimum may live on each,
 * and what does not run on a machine is left until its daemon holds the session.
 */
export function atRest({ simulator, hosts, daemons, facts, countsOffline }: Scene): boolean {
  const ended = new Set<string>();
  for (const host of hosts) {
    if (hosts.length === 1) continue;
    for (const { name, state } of host.instances()) if (state !== "started") ended.add(name);
  }
  const runners = simulator.state().runners.filter(({ name }) => !facts.forgotten.has(name) && !ended.has(name));
  const ghost = (name: string): boolean => hosts.some((host) => mayPass(host, name, countsOffline));
  if (runners.some(({ name, state }) => state === "busy" || (state === "offline" && !ghost(name)))) return false;
  const wanted = new Map<string, number>();
  for (const daemon of daemons) {
    for (const { name, minRunners } of daemon.config.scaleSets) wanted.set(`${daemon.path}/${name}`, minRunners);
  }
  const live = hosts.reduce((sum, host) => sum + host.instances().length, 0) - ended.size;
  if (live !== runners.length) return false;
  if (hosts.length > 1) return true;
  // A registration that nobody remembers may count as a runner of another machine until the service drops it.
  return facts.forgotten.size > 0 || live === [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

/** What still stirs, in words. */
export function unrest({ simulator, hosts, daemons }: Scene): string {
  const runners = simulator.state().runners.map(({ name, state }) => `${name} ${state}`);
  const instances = hosts.flatMap((host) => host.instances().map(({ name, state }) => `${name} ${state}`));
  const status = daemons.map((daemon) =>
    JSON.stringify(
      daemon.status()?.scaleSets.map((set) => [set.state, set.live, set.target, set.lastDecision?.reasons]),
    ),
  );
  return `registered: ${runners.join(", ")}; instances: ${instances.join(", ")}; ${status.join("; ")}`;
}
