import type { MemoryFault, MemoryHost, MemoryOperation } from "@scaleset/provisioner/testing";
import { callNames, type FaultEffect } from "@scaleset/simulator";
import { adding, type Failure, lasting, lying, MINUTE_MS, pick, type Stage } from "./failure.js";

const all: readonly MemoryOperation[] = ["check", "create", "start", "list", "destroy", "logs"];

/** Mostly a host whose daemon holds a session: on that of a daemon that only waits, little strikes. */
function likelyAtWork({ daemons, hosts, simulator, random }: Stage): MemoryHost | undefined {
  const holders = new Set(simulator.state().scaleSets.map(({ session }) => session?.ownerName));
  const atWork = daemons.filter(({ name }) => holders.has(name)).map(({ host }) => host);
  return pick(random, atWork.length > 0 && random() < 0.75 ? atWork : hosts);
}

function broken(
  name: string,
  { operations, fault }: { readonly operations: readonly MemoryOperation[]; readonly fault: MemoryFault },
  minutes: readonly [number, number] = [8, 70],
): Failure {
  return lasting(name, { minutes }, (stage) => {
    const { random, queue } = stage;
    const host = likelyAtWork(stage);
    if (host === undefined) return undefined;
    const outage = host.failAll(operations, fault);
    queue(1 + Math.floor(random() * 3), {});
    return () => {
      outage.end();
      return outage.struck;
    };
  });
}

/** A backend that does nothing right for up to an hour. */
export const backendOutages: readonly Failure[] = lying("backend", [
  broken("a backend is broken", { operations: all, fault: "transient" }),
  broken("a backend hangs", { operations: all, fault: "hang" }, [8, 30]),
  broken("a backend can't list", { operations: ["list"], fault: "transient" }),
  broken("a backend can't create", { operations: ["create"], fault: "transient" }),
  broken("a backend refuses to create", { operations: ["create"], fault: "rejected" }),
  broken("a backend can't start", { operations: ["start"], fault: "transient" }),
  broken("a backend can't destroy", { operations: ["destroy"], fault: "transient" }),
  lasting("lists are stale", { minutes: [1, 15], lingersMs: 2 * MINUTE_MS }, ({ hosts, random, queue }) => {
    const stale = pick(random, hosts)?.staleLists();
    queue(1 + Math.floor(random() * 3), {});
    return (
      stale &&
      (() => {
        stale.end();
        return stale.struck;
      })
    );
  }),
  lasting("creates are slow", { minutes: [3, 30] }, (stage) => {
    const { random, queue } = stage;
    const slow = likelyAtWork(stage)?.slowDown("create", 20_000 + random() * 60_000);
    queue(3 + Math.floor(random() * 4), {});
    return (
      slow &&
      (() => {
        slow.end();
        return slow.struck;
      })
    );
  }),
]);

function full(name: string, minutes: readonly [number, number], limit: (host: MemoryHost) => number): Failure {
  return lasting(name, { minutes }, ({ hosts, random, queue }) => {
    const host = pick(random, hosts);
    if (host === undefined) return undefined;
    const before = host.refusals;
    host.limitTo(limit(host));
    queue(3 + Math.floor(random() * 5), {});
    return () => {
      host.limitTo(undefined);
      return host.refusals - before;
    };
  });
}

const live = (host: MemoryHost): number => host.instances().filter(({ state }) => state === "started").length;

/** A machine that holds less than the maximum says. */
export const fullHosts: readonly Failure[] = lying("backend", [
  full("a host is full", [5, 70], live),
  full("a host has room for one more", [5, 70], (host) => live(host) + 1),
  full("a host holds two", [10, 70], () => 2),
  full("a host is full for a moment", [0.2, 2], live),
]);

/** The backend of a daemon that waits is broken when the holder dies. */
export const brokenStandbys: readonly Failure[] = lying("backend", [
  {
    name: "a standby's backend is broken when it takes over",
    async strike({ daemons, simulator, random, sleep, queue, struck }: Stage) {
      const holders = new Set(simulator.state().scaleSets.map(({ session }) => session?.ownerName));
      const standby = pick(
        random,
        daemons.filter(({ name, up }) => up && !holders.has(name)),
      );
      const holder = daemons.find(({ name, up }) => up && holders.has(name));
      if (standby === undefined || holder === undefined || standby.host === holder.host) return;
      const outage = standby.host.failAll(all, "transient");
      await sleep(random() * 5 * MINUTE_MS);
      holder.crash();
      queue(1 + Math.floor(random() * 4), {});
      await sleep((5 + random() * 40) * MINUTE_MS);
      outage.end();
      const took = simulator.state().scaleSets.some(({ session }) => session?.ownerName === standby.name);
      if (took || outage.struck > 0) struck("a standby's backend is broken when it takes over");
    },
  },
]);

/** What clients call; runners reach the service all the same, so that no job ends by the outage itself. */
const clientCalls = callNames.filter((name) => !name.startsWith("runner-"));

function away(name: string, effect: FaultEffect, minutes: readonly [number, number]): Failure {
  return lasting(name, { minutes }, (stage) => adding(stage, name, [{ call: clientCalls, effect }]));
}

export const serviceOutages: readonly Failure[] = lying("service", [
  away("the service is away for hours", { kind: "reset" }, [120, 360]),
  away("the service answers 503 for an hour", { kind: "answer", status: 503 }, [10, 70]),
  away("the service takes calls and never answers", { kind: "hang" }, [5, 40]),
]);
