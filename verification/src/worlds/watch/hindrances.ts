import type { Check, Scene } from "./scene.js";

/** An exit so soon may be a failed boot; steps on the way. @unit milliseconds */
const FAST_EXIT_MS = 40_000;

/**
 * Records what kept a daemon from serving a scale set: it is down, another client holds the session, its runners fail,
 * its backend is broken at this moment.
 * What the backend and JIT requests answer is recorded as it is answered. Judges look at it later.
 */
export function hindrances(scene: Scene): Check {
  const { facts } = scene;
  const neverOnline = new Set<string>();
  const configs = new Map<object, object>();

  return {
    answered(daemon, asked, { status }) {
      if (asked.kind !== "open" || status !== 409) return;
      const { refusal } = facts.lease(daemon, facts.setName(asked.scaleSetId));
      const ours = scene.daemons.some(({ name, up }) => up && name === refusal?.holder && name !== daemon.name);
      if (!ours) facts.launches.hindered(daemon, facts.setName(asked.scaleSetId));
    },
    began(_daemon, { operation, name }) {
      if (operation === "destroy") exits(name);
    },
    look() {
      for (const host of scene.hosts) for (const { name } of host.instances()) exits(name);
      for (const daemon of scene.daemons) {
        if (configs.get(daemon) !== daemon.config) facts.launches.reconfigured(daemon);
        configs.set(daemon, daemon.config);
        const inForce = scene.troubles.lastLieMs(["backend", "runners", "daemon"]) === Number.POSITIVE_INFINITY;
        if (daemon.up && daemon.settled && !inForce) continue;
        for (const { name } of daemon.config.scaleSets) facts.launches.hindered(daemon, name);
      }
    },
  };

  function exits(name: string): void {
    for (const daemon of scene.daemons) {
      const instance = daemon.host.find(name);
      const scaleSet = daemon.setOf(name);
      if (instance === undefined || scaleSet === undefined) continue;
      if (!daemon.identities.has(instance.labels.identity)) continue;
      const ageMs = scene.clock.now() - instance.createdAt;
      const runner = facts.byName.get(name);
      if (instance.state === "exited") {
        const { exitCode } = instance;
        // A fast exit that no message explains may be a failed boot, for all that is known.
        const unheard =
          ageMs < FAST_EXIT_MS && scene.troubles.lastLieMs(["messages"]) > scene.clock.monotonic() - ageMs;
        facts.launches.exited(daemon, { name, exitCode, hadJob: (runner?.hadJob ?? false) && !unheard });
      } else if (
        instance.state === "started" &&
        runner?.everOnline === false &&
        ageMs > daemon.host.capabilities.bootDeadlineMs &&
        !neverOnline.has(`${daemon.name} ${name}`)
      ) {
        neverOnline.add(`${daemon.name} ${name}`);
        facts.launches.neverOnline(daemon, scaleSet);
      }
    }
  }
}
