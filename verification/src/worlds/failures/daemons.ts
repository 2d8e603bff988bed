import { type Failure, lying, MINUTE_MS, moment, pick } from "./failure.js";

/** What happens to daemons. A watchman starts those again that are down. */
export const daemonFailures: readonly Failure[] = lying("daemon", [
  moment("F22 a daemon is killed", ({ daemons, random }) => {
    const daemon = pick(random, daemons);
    if (daemon?.up !== true) return false;
    daemon.crash();
    return true;
  }),
  {
    name: "F22 a daemon dies between two steps",
    async strike({ daemons, random, sleep, struck }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true || daemon.doomed) return;
      daemon.crashAfter(1 + Math.floor(random() * 60));
      await sleep((1 + random() * 4) * MINUTE_MS);
      if (!daemon.doomed) struck("F22 a daemon dies between two steps");
    },
  },
  {
    name: "F22 a daemon dies during a burst",
    async strike({ daemons, random, queue, sleep, struck }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true || daemon.doomed) return;
      queue(5 + Math.floor(random() * 5), {});
      daemon.crashAfter(3 + Math.floor(random() * 60));
      await sleep(MINUTE_MS);
      if (!daemon.doomed) struck("F22 a daemon dies during a burst");
    },
  },
  {
    name: "F21 a daemon is stopped",
    async strike({ daemons, random, struck, sleep, stop }) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true) return;
      const stopping = stop(daemon);
      struck("F21 a daemon is stopped");
      await Promise.race([stopping, sleep(MINUTE_MS)]);
    },
  },
]);

/** A scale-down that meets a runner that has just got a job (F7): idle runners are too many just when jobs come. */
export const scaleDowns: readonly Failure[] = [
  {
    name: "a burst comes when idle runners are to go",
    liars: [],
    async strike({ random, queue, sleep, struck }) {
      queue(4, { durationMs: 5_000 });
      for (let wave = 0; wave < 8; wave++) {
        await sleep(50_000 + random() * 25_000);
        queue(1 + Math.floor(random() * 3), { durationMs: 60_000 + random() * 60_000 });
      }
      struck("a burst comes when idle runners are to go");
    },
  },
];

/** Commands that were decided and have not begun when the right to carry them out is gone. */
export const interruptions: readonly Failure[] = lying("daemon", [
  {
    name: "the session ends while launches wait for their turn",
    liars: ["service"],
    async strike({ simulator, random, queue, sleep, struck }) {
      for (let wave = 0; wave < 8; wave++) {
        queue(5, { durationMs: 10_000 });
        for (let time = 0; time < 4; time++) {
          await sleep(100 + random() * 1_500);
          for (const { id } of simulator.state().scaleSets) {
            if (simulator.expireSession(id)) struck("the session ends while launches wait for their turn");
          }
        }
        await sleep(30_000 * (1 + random()));
      }
    },
  },
]);

/** What a person changes: limits up and down, and what runners are made from. */
export const reconfigurations: readonly Failure[] = lying("person", [
  {
    name: "the limits change",
    async strike({ random, reconfigure, struck }) {
      await reconfigure((set) => {
        const maxRunners = 1 + Math.floor(random() * 8);
        return { ...set, maxRunners, minRunners: Math.min(maxRunners, Math.floor(random() * 3)) };
      });
      struck("the limits change");
    },
  },
  {
    name: "a scale set is taken out, and comes back",
    async strike({ random, reconfigure, restore, sleep, struck }) {
      const out = random() < 0.5 ? "set-a" : "set-b";
      await reconfigure((set) => (set.name === out ? undefined : set));
      struck("a scale set is taken out, and comes back");
      await sleep((1 + random() * 8) * MINUTE_MS);
      await restore();
    },
  },
  {
    name: "the runner spec changes",
    async strike({ random, reconfigure, struck }) {
      const workFolder = `_work-${Math.floor(random() * 1_000_000)}`;
      await reconfigure((set) => ({ ...set, workFolder }));
      struck("the runner spec changes");
    },
  },
]);

/** What a person mends: nothing tells a daemon of it, so launches are tried again when the person says so. */
export const mendings: readonly Failure[] = lying("backend", [
  {
    name: "a person mends what launches were refused for",
    async strike({ daemons, random, queue, sleep, struck }) {
      for (const { host } of daemons) host.failNext("create", pick(random, ["rejected", "denied"]) ?? "rejected");
      queue(4, {});
      for (let look = 0; look < 20; look++) {
        await sleep(10_000 + random() * 20_000);
        for (const daemon of daemons) {
          if (daemon.retryLaunches()) struck("a person mends what launches were refused for");
        }
      }
    },
  },
]);
