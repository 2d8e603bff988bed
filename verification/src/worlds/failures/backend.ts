import type { MemoryFault, MemoryHost, MemoryOperation } from "@scaleset/provisioner/testing";
import { type Failure, lying, MINUTE_MS, moment, pick, type Stage } from "./failure.js";

function failing(operation: MemoryOperation, fault: MemoryFault, most = 3): Failure {
  const name = `${operation === "start" ? "F16 " : ""}${operation} fails: ${fault}`;
  return {
    name,
    async strike({ hosts, random, sleep, struck }) {
      const host = pick(random, hosts);
      if (host === undefined) return;
      const times = 1 + Math.floor(random() * most);
      const before = host.pendingFaults;
      host.failNext(operation, fault, { times });
      await sleep((1 + random() * 5) * MINUTE_MS);
      struck(name, Math.max(0, before + times - host.pendingFaults));
    },
  };
}

/** Nobody's fault: the job of a runner whose host died counts apart. */
function markDead({ simulator }: Stage, host: MemoryHost, name: string): boolean {
  const state = host.find(name)?.state;
  return state !== "started" || simulator.markHostDied(name);
}

function dies(stage: Stage, end: (host: MemoryHost, name: string) => void): boolean {
  const host = pick(stage.random, stage.hosts);
  const instance = host && pick(stage.random, host.instances());
  if (host === undefined || instance === undefined || !markDead(stage, host, instance.name)) return false;
  end(host, instance.name);
  return true;
}

function hostDies(stage: Stage, end: (host: MemoryHost, name: string) => void): boolean {
  const host = pick(stage.random, stage.hosts);
  if (host === undefined || host.instances().length === 0) return false;
  if (!host.instances().every(({ name }) => markDead(stage, host, name))) return false;
  for (const { name } of host.instances()) end(host, name);
  // Daemons on the machine die with it; where a backend is shared, they live elsewhere.
  if (host.capabilities.scope === "host") {
    for (const daemon of stage.daemons) {
      if (daemon.host !== host) continue;
      daemon.crash();
      daemon.stateFolder.reboot();
    }
  }
  return true;
}

/** What a backend and its host do wrong. */
export const backendFailures: readonly Failure[] = lying("backend", [
  ...(["transient", "capacity", "rejected", "denied", "answer lost", "hang", "hang after"] as const).map((fault) =>
    failing("create", fault),
  ),
  ...(["transient", "capacity", "gone", "answer lost", "hang", "hang after"] as const).map((fault) =>
    failing("start", fault),
  ),
  ...(["transient", "hang", "answer lost"] as const).map((fault) => failing("list", fault, 5)),
  ...(["transient", "answer lost", "hang", "hang after"] as const).map((fault) => failing("destroy", fault)),
  {
    name: "destroys are slow",
    async strike({ random, sleep, slowDestroys, struck }) {
      slowDestroys(30_000);
      struck("destroys are slow");
      await sleep((1 + random() * 6) * MINUTE_MS);
      slowDestroys(0);
    },
  },
  moment("an instance is unfit", ({ hosts, random }) => {
    const host = pick(random, hosts);
    const instance = host && pick(random, host.instances());
    if (host === undefined || instance === undefined) return false;
    host.markUnfit(instance.name, "its node is going away");
    return true;
  }),
  moment("the watch ends", ({ hosts, random }) => {
    pick(random, hosts)?.endWatches();
    return true;
  }),
  moment("an instance is lost", (stage) => dies(stage, (host, name) => stage.lose(host, name))),
  moment("an instance ends by itself", (stage) => dies(stage, (host, name) => host.exit(name, 137, "out of memory"))),
  moment("F22 a host is lost", (stage) => hostDies(stage, (host, name) => stage.lose(host, name))),
  moment("F22 a host reboots", (stage) =>
    hostDies(stage, (host, name) => host.exit(name, undefined, "the host rebooted")),
  ),
]);
