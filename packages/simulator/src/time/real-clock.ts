import { uptime } from "node:os";
import { type Clock, waitsOver } from "./clock.js";

/** The longest wait that Node's timers take; longer ones fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own time. The only file here that takes time and chance from the globals. */
export const realClock: Clock = clockOverTimers((timer) => timer);

/** The same, but what waits on it keeps no process alive: for a simulator that nobody closed. */
export const backgroundClock: Clock = clockOverTimers((timer) => timer.unref());

function clockOverTimers(adjust: (timer: NodeJS.Timeout) => NodeJS.Timeout): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    uptime: () => uptime() * 1_000,
    ...waitsOver((ms, fire) => {
      const timer = adjust(setTimeout(fire, Math.min(Math.max(ms, 0), longestTimerMs)));
      return () => clearTimeout(timer);
    }),
  };
}

/** The machine's own chance. */
export const realRandom = (): number => Math.random();
