import type { Clock } from "./clock.js";
import { realClock } from "./real-clock.js";

/**
 * The machine's time, so many times faster: an hour passes in a minute at 60. For people who watch, with everything
 * in one process on the same clock; whoever has a clock of their own sees times of the future.
 * @throws RangeError when the factor is not above 0
 */
export function scaledClock(speed: number, base: Clock = realClock): Clock {
  if (!(speed > 0)) throw new RangeError("the speed must be above 0");
  const startMs = base.now();
  const startMonotonicMs = base.monotonic();
  return {
    now: () => startMs + (base.monotonic() - startMonotonicMs) * speed,
    monotonic: () => startMonotonicMs + (base.monotonic() - startMonotonicMs) * speed,
    uptime: () => startMonotonicMs + (base.monotonic() - startMonotonicMs) * speed,
    sleep: (ms, options) => base.sleep(ms / speed, options),
    deadline: (ms, options) => base.deadline(ms / speed, options),
  };
}
