import type { Lease } from "./lease.js";
import { mayWithoutSession } from "./no-session.js";
import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** Half a percent more than 50 s, since a daemon's clock may run slow by that, and the time of a request on the way. @unit milliseconds */
const LEASE_MS = 50_000 * 1.006 + 500;
/** A call that was begun while the session was open may be sent so long after its end: it waits for its pace or a token. @unit milliseconds */
const CALL_MS = 15_000;

/**
 * I11: only the holder of a session launches, retires and destroys, for 50 s from the sending of the newest answered
 * call of it; what a daemon without one may do is the table of lifecycle.md §4.
 */
export function rights(scene: Scene): Check {
  const { facts } = scene;
  const now = (): number => scene.clock.monotonic();
  const holds = (lease: Lease): boolean => lease.state === "held" && now() - lease.sentAtMs <= LEASE_MS;
  const endedJustNow = (lease: Lease): boolean => lease.state !== "held" && now() - lease.endedAtMs <= CALL_MS;

  function broke(lease: Lease, what: string, about: { runner: string; scaleSetId?: number | undefined }): void {
    const age = Math.round((now() - lease.sentAtMs) / 1_000);
    const right = lease.state === "held" ? `its newest answered call was sent ${age} s ago` : "it holds no session";
    scene.broke("I11", `${lease.daemon.name} ${what} ${about.runner}: ${right}`, about);
  }

  function launches(lease: Lease, what: string, about: { runner: string; scaleSetId?: number | undefined }): void {
    scene.checked("I11 only the holder launches");
    if (!holds(lease)) broke(lease, what, about);
  }

  function ends(lease: Lease, what: "deregisters" | "destroys", runner: string): void {
    scene.checked("I11 only the holder ends runners");
    if (holds(lease)) return;
    scene.checked("I11 without a session a daemon clears only its own");
    if (mayWithoutSession(scene, lease, runner)) return;
    broke(lease, what, { runner, scaleSetId: facts.byName.get(runner)?.scaleSetId });
  }

  return {
    asked(daemon: WatchedDaemon, asked) {
      if (asked.kind === "jit") {
        const { scaleSetId, runnerName } = asked;
        const lease = facts.lease(daemon, facts.setName(scaleSetId));
        if (!endedJustNow(lease)) launches(lease, "asks for a JIT config for", { runner: runnerName, scaleSetId });
      }
      if (asked.kind === "remove") {
        const runner = facts.byId.get(asked.runnerId);
        if (runner === undefined) return;
        const lease = facts.lease(daemon, facts.setName(runner.scaleSetId));
        if (!endedJustNow(lease)) ends(lease, "deregisters", runner.name);
      }
    },
    began(daemon, { operation, name }) {
      const scaleSet = daemon.setOf(name);
      if (scaleSet === undefined) return;
      const lease = facts.lease(daemon, scaleSet);
      if (operation === "destroy") return ends(lease, "destroys", name);
      launches(lease, `${operation}s`, { runner: name, scaleSetId: facts.byName.get(name)?.scaleSetId });
    },
  };
}
