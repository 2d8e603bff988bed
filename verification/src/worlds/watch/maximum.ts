import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** Another daemon's instance may be unknown for so long: until the next list. @unit milliseconds */
const UNKNOWN_MS = 150_000;
/** A daemon has read who works elsewhere so long after its opening. @unit milliseconds */
const TAKEN_OVER_MS = 15_000;

/** I3: no JIT config is asked for while the other known runners are as many as the maximum. */
export function maximum(scene: Scene): Check {
  const { facts } = scene;
  const onlineMs = new Map<string, number>();

  return {
    entry({ subject, event, runnerName }) {
      if (subject === "runner" && event === "online" && runnerName !== undefined && !onlineMs.has(runnerName)) {
        onlineMs.set(runnerName, scene.clock.monotonic());
      }
    },
    asked(daemon, asked) {
      if (asked.kind !== "jit") return;
      const { runnerName, scaleSetId } = asked;
      const about = { runner: runnerName, scaleSetId };
      const instance = daemon.host.find(runnerName);
      if (instance === undefined) return;
      const scaleSet = facts.setName(scaleSetId);
      const max = daemon.maxRunners(scaleSet);
      const count = known(daemon, instance.labels.identity);
      scene.checked("I3 never above the maximum");
      if (count > max) {
        scene.broke("I3", `${daemon.name} launches ${runnerName} as number ${count} of ${max}`, about);
        return;
      }
      const elsewhere = foreign(daemon, scaleSet, instance.labels.identity);
      if (elsewhere > 0) scene.checked("I3 runners elsewhere count");
      if (elsewhere > 0 && count + elsewhere > max) {
        const counts = `${count} here and ${elsewhere} elsewhere, of ${max}`;
        scene.broke("I3", `${daemon.name} launches ${runnerName} beside ${counts}`, about);
        return;
      }
      ofAll(daemon, about);
    },
  };

  function ofAll(daemon: WatchedDaemon, about: { readonly runner: string; readonly scaleSetId: number }): void {
    if (!Number.isFinite(daemon.mostOfAll())) return;
    scene.checked("I3 never above the maximum of all");
    // Runners of a scale set that was taken out before this life began are nobody's to count.
    const its = new Set(daemon.status()?.scaleSets.map(({ name }) => daemon.identityOf(name)));
    const all = daemon.host
      .instances()
      .filter(({ labels, state }) => its.has(labels.identity) && labels.owner === daemon.name && state !== "exited")
      .filter(({ name }) => !facts.isLostTo(daemon, name));
    if (all.length <= daemon.mostOfAll()) return;
    const number = `number ${all.length} of ${daemon.mostOfAll()} in all`;
    scene.broke("I3", `${daemon.name} launches ${about.runner} as ${number}`, about);
  }

  function known(daemon: WatchedDaemon, identity: string): number {
    const now = scene.clock.now();
    return daemon.host.instances().filter(({ name, labels, state, createdAt }) => {
      if (labels.identity !== identity || state === "exited" || facts.isLostTo(daemon, name)) return false;
      return labels.owner === daemon.name || now - createdAt > UNKNOWN_MS;
    }).length;
  }

  /**
   * Runners on other machines that were online when this daemon took the set over and still are: it read their number.
   * Not judged where readings were false since then.
   */
  function foreign(daemon: WatchedDaemon, scaleSet: string, identity: string): number {
    if (daemon.host.capabilities.scope !== "host") return 0;
    const { openedAtMs } = facts.lease(daemon, scaleSet);
    const lied = scene.troubles.lastLieMs(["statistics", "service", "person"]) >= openedAtMs - 60_000;
    if (lied || facts.setsVanished > 0 || scene.clock.monotonic() - openedAtMs < TAKEN_OVER_MS) return 0;
    return scene.hosts
      .filter((host) => host !== daemon.host)
      .flatMap((host) => host.instances())
      .filter(({ name, labels, state }) => {
        const runner = facts.byName.get(name);
        const sinceMs = onlineMs.get(name) ?? Number.POSITIVE_INFINITY;
        return (
          labels.identity === identity && state === "started" && runner?.registered && sinceMs < openedAtMs - 1_000
        );
      }).length;
  }
}
