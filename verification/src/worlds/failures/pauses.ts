import type { PauseKind } from "../process-clock.js";
import { type Failure, lasting, lying, MINUTE_MS, pick, type Stage, someTime } from "./failure.js";

function pausing(name: string, kind: PauseKind, minutes: readonly [number, number]): Failure {
  return lasting(name, { minutes }, ({ daemons, random, queue }) => {
    const daemon = pick(random, daemons);
    // Launches are under way when it stops, and jobs come while it does.
    if (random() < 0.6) queue(1 + Math.floor(random() * 6), {});
    if (daemon === undefined || !daemon.pause(kind)) return undefined;
    return () => {
      daemon.resume();
      return 1;
    };
  });
}

/** SIGSTOP and SIGCONT, and a machine's sleep: others may hold the sessions when the daemon goes on. */
export const pauses: readonly Failure[] = lying("daemon", [
  pausing("a daemon is stopped (SIGSTOP) for seconds", "stopped", [0.15, 1.5]),
  pausing("a daemon is stopped (SIGSTOP) for minutes", "stopped", [1, 10]),
  pausing("a daemon is stopped (SIGSTOP) for hours", "stopped", [15, 180]),
  pausing("a daemon's machine sleeps for seconds", "suspended", [0.15, 1.5]),
  pausing("a daemon's machine sleeps for minutes", "suspended", [1, 10]),
  pausing("a daemon's machine sleeps for hours", "suspended", [15, 180]),
  {
    name: "a daemon is stopped (SIGSTOP) again and again",
    async strike({ daemons, random, queue, sleep, struck }: Stage) {
      const daemon = pick(random, daemons);
      if (daemon === undefined) return;
      for (let time = 0; time < 6; time++) {
        queue(1 + Math.floor(random() * 3), {});
        await sleep(random() * 3_000);
        if (!daemon.pause("stopped")) return;
        struck("a daemon is stopped (SIGSTOP) again and again");
        await sleep(someTime(random, [1_000, 70_000]));
        daemon.resume();
        await sleep(someTime(random, [500, MINUTE_MS]));
      }
    },
  },
]);

/** What happens to what a daemon remembers beyond its life. Its process is killed at that moment, as a restore needs it. */
export const memoryLosses: readonly Failure[] = lying("daemon", [
  {
    name: "a daemon is killed, and its state folder is lost",
    async strike({ daemons, random, struck }: Stage) {
      const daemon = pick(random, daemons);
      if (daemon?.up !== true) return;
      daemon.crash();
      daemon.stateFolder.lose();
      struck("a daemon is killed, and its state folder is lost");
    },
  },
  {
    name: "a daemon is killed, and its state folder is a copy of another's",
    async strike({ daemons, random, struck }: Stage) {
      const daemon = pick(random, daemons);
      const other = pick(
        random,
        daemons.filter((each) => each !== daemon),
      );
      if (daemon?.up !== true || other === undefined) return;
      daemon.crash();
      daemon.stateFolder.restoreFrom(other.stateFolder);
      struck("a daemon is killed, and its state folder is a copy of another's");
    },
  },
]);

function jumping(name: string, sign: 1 | -1): Failure {
  return lasting(name, { minutes: [1, 40] }, ({ daemons, random }) => {
    const daemon = pick(random, daemons);
    if (daemon === undefined) return undefined;
    const ms = Math.round(sign * someTime(random, [MINUTE_MS, 600 * MINUTE_MS]));
    daemon.jumpClock(ms);
    return () => {
      daemon.jumpClock(-ms);
      return 1;
    };
  });
}

export const clockJumps: readonly Failure[] = lying("clock", [
  jumping("a wall clock jumps ahead", 1),
  jumping("a wall clock jumps back", -1),
]);
