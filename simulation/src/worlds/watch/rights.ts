import type { Daemon } from "../daemon.js";
import type { Lease } from "./facts.js";
import type { Check, Scene } from "./scene.js";

/** The right to act lapses so long after the last answer. Half a second of rounding and of calls that begin with a look for a token. @unit milliseconds */
const LEASE_MS = 65_000 + 500;

/** A request that was begun while the session stood may be sent once more after it, with a renewed token. @unit milliseconds */
const CALL_MS = 15_000;

/** I11: who holds no session, or was not answered for long, neither launches, retires nor destroys. */
export function rights(scene: Scene): Check {
  const { facts } = scene;
  const holds = (lease: Lease): boolean => lease.state === "held" && lease.daemon.now() - lease.answeredAt <= LEASE_MS;

  const calledBefore = (daemon: Daemon, lease: Lease): boolean =>
    lease.state !== "held" && daemon.now() - Math.max(lease.answeredAt, lease.lostAt) <= CALL_MS;

  const act = (
    daemon: Daemon,
    lease: Lease,
    what: string,
    about: { runner: string; scaleSetId?: number | undefined },
  ): void => {
    scene.checked("I11 only the holder acts");
    if (holds(lease)) return;
    const age = Math.round((daemon.now() - lease.answeredAt) / 1_000);
    const right = lease.state === "held" ? `last answered ${age} s ago` : `${lease.state}, no session`;
    scene.broke("I11", `${daemon.name} ${what} ${about.runner}: ${right}`, about);
  };

  return {
    asked(daemon, asked) {
      if (asked.kind === "jit") {
        const { scaleSetId, runnerName } = asked;
        const lease = facts.lease(daemon, facts.setName(scaleSetId));
        if (calledBefore(daemon, lease)) return;
        act(daemon, lease, "asks for a JIT config for", { runner: runnerName, scaleSetId });
      }
      if (asked.kind === "remove") {
        const runner = facts.byId.get(asked.runnerId);
        if (runner === undefined) return;
        const lease = facts.lease(daemon, facts.setName(runner.scaleSetId));
        if (lease.state === "closed" || calledBefore(daemon, lease)) return;
        act(daemon, lease, "deregisters", { runner: runner.name, scaleSetId: runner.scaleSetId });
      }
    },
    began(daemon, { operation, name }) {
      const scaleSet = daemon.setOf(name);
      if (scaleSet === undefined) return;
      const lease = facts.lease(daemon, scaleSet);
      const runner = facts.byName.get(name);
      if (operation === "destroy") {
        // Gone, where an earlier attempt was carried out and not answered.
        const state = daemon.host.find(name)?.state ?? "gone";
        const ended = (state === "exited" || state === "gone") && runner?.registered !== true;
        const own = daemon.host.find(name)?.labels.owner === daemon.name;
        if (lease.state === "none" && ended && daemon.host.capabilities.scope === "host") return;
        if (lease.state === "closed" && (own || state === "gone")) return;
      }
      act(daemon, lease, `${operation}s`, { runner: name, scaleSetId: runner?.scaleSetId });
    },
  };
}
