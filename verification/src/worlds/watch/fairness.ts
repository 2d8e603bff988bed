import { canTakeAJob, instancesOf } from "./place.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** What is under way when a set begins to want keeps its place; a doubling tries one more. */
const TURNS = 3;
/** From its first waiting job on, a set is known to want after this: a message, a share dealt again. @unit milliseconds */
const KNOWN_MS = 15_000;
/** Nothing was wrong for so long. @unit milliseconds */
const TRUTHFUL_MS = 600_000;

/** Fairness: under a shared limit no set waits while another one of equal priority gets turn after turn. */
export function fairness(scene: Scene): Check {
  const { facts } = scene;
  /** Turns that others got while a set waited, by daemon and waiting set. */
  const waits = new Map<string, { readonly sinceMs: number; readonly turns: Map<string, number> }>();
  const keyOf = (daemon: WatchedDaemon, scaleSet: string): string => `${daemon.name} ${scaleSet}`;

  return {
    look() {
      for (const daemon of scene.daemons) {
        if (!Number.isFinite(daemon.mostOfAll())) continue;
        for (const { name } of daemon.config.scaleSets) {
          if (!waitsForAPlace(daemon, name)) waits.delete(keyOf(daemon, name));
          else if (!waits.has(keyOf(daemon, name))) {
            waits.set(keyOf(daemon, name), { sinceMs: scene.clock.monotonic(), turns: new Map() });
          }
        }
      }
    },
    began(daemon, { operation, name }) {
      if (operation !== "create" || !Number.isFinite(daemon.mostOfAll())) return;
      const served = daemon.setOf(name);
      if (served === undefined) return;
      waits.delete(keyOf(daemon, served));
      for (const { name: set } of daemon.config.scaleSets) {
        const wait = waits.get(keyOf(daemon, set));
        if (set === served || wait === undefined || scene.clock.monotonic() - wait.sinceMs < KNOWN_MS) continue;
        const turns = (wait.turns.get(served) ?? 0) + 1;
        wait.turns.set(served, turns);
        scene.checked("fair: places turn over between sets");
        if (turns <= TURNS) continue;
        const seconds = Math.round((scene.clock.monotonic() - wait.sinceMs) / 1_000);
        scene.broke("fair", `${served} gets turn ${turns} while ${set} waits for ${seconds} s`, { runner: name });
      }
    },
  };

  /** It has no runner, jobs wait, and nothing is wrong but that it gets no place. */
  function waitsForAPlace(daemon: WatchedDaemon, scaleSet: string): boolean {
    const nowMs = scene.clock.monotonic();
    const lease = facts.lease(daemon, scaleSet);
    const lied = scene.troubles.lastLieMs(["service", "statistics", "backend", "runners", "daemon", "person", "clock"]);
    if (!daemon.up || !daemon.settled || lease.state !== "held") return false;
    if (lied > nowMs - TRUTHFUL_MS || facts.launches.of(daemon, scaleSet).pausedAtMostMs > nowMs) return false;
    const assigned = facts.jobs.assigned(`${daemon.path}/${scaleSet}`);
    const bootMs = daemon.host.capabilities.bootDeadlineMs;
    const all = instancesOf(scene, daemon, scaleSet);
    if (all.length >= daemon.maxRunners(scaleSet)) return false;
    // Who has none at all: how many more than one it should have is the shares' own arithmetic.
    return assigned > 0 && !all.some((each) => canTakeAJob(scene, each, bootMs) || facts.byName.get(each.name)?.job);
  }
}
