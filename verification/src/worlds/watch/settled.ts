import type { Scene } from "./scene.js";

/** After everything has come to rest: every job ended, nothing leaked, and the scale sets are there. */
export function leftOver(scene: Scene, openJobs: ReadonlySet<number>): void {
  const { simulator, hosts, daemons, facts } = scene;
  const state = simulator.state();
  for (const job of openJobs) {
    const { state: at, scaleSetId } = simulator.job(job) ?? { state: "unknown", scaleSetId: undefined };
    scene.broke("left", `job ${job} has not ended: it is ${at}`, { job, scaleSetId });
  }
  scene.checked("left: every job ends");
  const live = new Set(hosts.flatMap((host) => host.instances().map(({ name }) => name)));
  for (const { name, scaleSetId, state: at } of state.runners) {
    if (facts.forgotten.has(name)) continue;
    const ghost = at === "offline" && !mayPass(scene, name);
    if (ghost || !live.has(name)) {
      scene.broke("leaked", `the registration of ${name} has no live runner`, { runner: name, scaleSetId });
    }
  }
  const registered = new Set(state.runners.map(({ name }) => name));
  for (const name of live) {
    if (registered.has(name) || isLeftToItself(scene, name)) continue;
    scene.broke("leaked", `instance ${name} has no registration`, { runner: name });
  }
  scene.checked("leaked: nothing is left behind");
  const wanted = daemons.reduce((most, daemon) => most + daemon.config.scaleSets.length, 0);
  if (wanted > 0 && state.scaleSets.length === 0) scene.broke("I6", "the scale sets are gone");
}

/**
 * Whether a runner that is offline can't be told from an idle one: its machine seems to run, and the service counts it,
 * or no job came since that would have made the service's count worth anything, where nobody sees machines end or to any
 * daemon that lives now.
 */
export function mayPass({ hosts, daemons, facts, countsOffline }: Scene, name: string): boolean {
  const host = hosts.find((each) => each.find(name) !== undefined);
  const { state } = host?.find(name) ?? {};
  if (host === undefined || state === undefined) return false;
  if (!host.capabilities.observesExit) return state === "started" || state === "exited";
  if (state !== "started") return false;
  const { scaleSetId = 0 } = facts.byName.get(name) ?? {};
  const path = facts.setPaths.get(scaleSetId);
  const set = facts.setName(scaleSetId);
  return countsOffline || !daemons.some((daemon) => daemon.path === path && facts.lease(daemon, set).countsShown);
}

/**
 * Whether a live runner that the service does not know is left until it exits (lifecycle.md §4): only one daemon sees it,
 * and that daemon was answered 404 about it and holds no session, without which no runner is ended by the witness rule.
 */
export function isLeftToItself({ hosts, daemons, facts, simulator }: Scene, name: string): boolean {
  const host = hosts.find((each) => each.find(name) !== undefined);
  if (host === undefined || host.capabilities.scope !== "host" || host.find(name)?.state !== "started") return false;
  if (simulator.state().runners.some((runner) => runner.name === name)) return false;
  const its = daemons.filter((daemon) => daemon.host === host && daemon.setOf(name) !== undefined);
  return (
    its.length > 0 &&
    its.every((daemon) => {
      const { state, absent } = facts.lease(daemon, daemon.setOf(name) ?? "");
      return state !== "held" && absent.has(name);
    })
  );
}
