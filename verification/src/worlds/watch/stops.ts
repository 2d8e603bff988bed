import type { Scene, WatchedDaemon } from "./scene.js";

/** I6: SIGTERM closes the sessions, leaves the scale sets, and no runner at work ends by it. */
export async function stopWatched(scene: Scene, daemon: WatchedDaemon & { stop(): Promise<boolean> }): Promise<void> {
  const { simulator, facts } = scene;
  // A wait that GitHub asked for may outlast its cause, and closing gets 3 s.
  const calm = scene.clock.monotonic() - scene.troubles.calmSinceMs > 120_000;
  const sets = simulator.state().scaleSets.map(({ id }) => id);
  const vanished = facts.setsVanished;
  const busy = [...facts.byName.values()].filter(
    ({ name, job }) => job !== undefined && daemon.host.find(name)?.state === "started",
  );
  const jobs = busy.map(({ job }) => job);
  const held = new Set(
    daemon.config.scaleSets.map(({ name }) => name).filter((name) => facts.lease(daemon, name).state === "held"),
  );
  if (!(await daemon.stop())) return;
  for (const [index, { name }] of busy.entries()) {
    const ended = simulator.job(jobs[index] ?? 0)?.state === "completed" || facts.lost.has(name);
    if (daemon.host.find(name) === undefined && !ended) {
      scene.broke("I6", `${daemon.name} stopped, and ${name} is gone with its job`, { runner: name, job: jobs[index] });
    }
  }
  if (busy.length > 0) scene.checked("I6 a stop leaves busy runners alone");
  if (!calm || facts.setsVanished > vanished) return;
  const now = simulator.state().scaleSets;
  for (const id of sets) {
    if (!now.some((set) => set.id === id)) scene.broke("I6", `scale set ${id} is gone after ${daemon.name} stopped`);
  }
  for (const { name, scope, session } of now) {
    // One of an earlier life that was killed ends by itself.
    if (scope === daemon.path && session?.ownerName === daemon.name && held.has(name)) {
      scene.broke("I6", `${daemon.name} stopped, and its session of ${name} is open`);
    }
  }
  scene.checked("I6 a stop closes the sessions and keeps the scale sets");
}
