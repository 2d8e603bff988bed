import type { Lease } from "./lease.js";
import type { Scene } from "./scene.js";

const MINUTE_MS = 60_000;
const RATE = 0.994;
const COMPLETED_MS = 5 * MINUTE_MS;
const COMPLETED_UNSEEN_MS = MINUTE_MS;
/** A 409 stands so long before a daemon lets its idle runners go, by whether it names the holder. */
const NAMED_MS = 5 * MINUTE_MS;
const UNNAMED_MS = 30 * MINUTE_MS;

/** What a daemon without a session may end (lifecycle.md §4): of its own instances, those that are of no use to anybody. */
export function mayWithoutSession(scene: Scene, lease: Lease, name: string): boolean {
  const { facts } = scene;
  const { daemon } = lease;
  const instance = daemon.host.find(name);
  const owner = instance?.labels.owner ?? facts.owners.get(name);
  if (owner !== daemon.name) return false;
  // Exited, never started, or gone already.
  if (instance?.state !== "started") return true;
  if (facts.isLostTo(daemon, name)) return true;
  const runner = facts.byName.get(name);
  if (runner?.removalAnswered) return true;
  const nowMs = scene.clock.monotonic();
  const completedMs = lease.completedAtMs.get(name);
  const graceMs = daemon.host.capabilities.observesExit ? COMPLETED_MS : COMPLETED_UNSEEN_MS;
  if (completedMs !== undefined && nowMs - completedMs >= graceMs * RATE) return true;
  if (daemon.host.capabilities.scope !== "host" || lease.state === "closed") return false;
  const { refusal } = lease;
  if (refusal === undefined || refusal.by === "own") return false;
  return nowMs - refusal.sinceMs >= (refusal.by === "another" ? NAMED_MS : UNNAMED_MS) * RATE;
}
