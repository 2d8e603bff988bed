import { parseArgs } from "node:util";
import { runListenerDay } from "./day.js";
import { failures } from "./failures.js";

/** `npm run simulate:listener -- --seeds 1..300 [--hours 24]`: days of a listener; non-zero when a rule broke or a failure never happened. */
const { values } = parseArgs({
  options: { seeds: { type: "string", default: "1..20" }, hours: { type: "string", default: "24" } },
});
const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds);
const hours = Number(values.hours);
if (range === null || !(hours > 0)) {
  console.error("error: give --seeds as FIRST..LAST and --hours as a number above 0");
  process.exit(2);
}
const [first, last] = [Number(range[1]), Number(range[2])];
const counts = new Map(failures.map(({ name }) => [name, 0]));
const most = { inAMinute: 0, silenceMs: 0, requests: 0, acknowledged: 0 };
const startedAt = process.uptime();
let broken = 0;
for (let seed = first; seed <= last; seed++) {
  const day = await runListenerDay({ seed, hours });
  for (const [name, count] of day.struck) counts.set(name, (counts.get(name) ?? 0) + count);
  most.inAMinute = Math.max(most.inAMinute, day.mostInAMinute);
  most.silenceMs = Math.max(most.silenceMs, day.longestSilenceMs);
  most.requests += day.requests;
  most.acknowledged += day.acknowledged;
  if (day.broken.length > 0) {
    broken += 1;
    console.log(
      `seed ${seed} broke:\n  ${day.broken.slice(0, 5).join("\n  ")}\n  …\n  ${day.trace.slice(-15).join("\n  ")}`,
    );
  }
  const done = seed - first + 1;
  if (done % 10 === 0 || seed === last) {
    const seconds = process.uptime() - startedAt;
    console.log(`${done} days, ${Math.round((done * hours) / seconds)} virtual hours a second, ${broken} broken`);
  }
}
for (const [name, count] of counts) console.log(`${String(count).padStart(8)} ${name}`);
const never = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
console.log(
  `${most.requests} requests, at most ${most.inAMinute} in a minute; longest silence ${Math.round(most.silenceMs / 1000)} s; ${most.acknowledged} messages acknowledged`,
);
if (never.length > 0) console.error(`error: never happened: ${never.join(", ")}`);
if (broken > 0 || never.length > 0) process.exitCode = 1;
