import process from "node:process";
import { parseArgs } from "node:util";
import { runKills } from "./kills.js";

/** `npm run kills [-- --kills 100] [--seed N] [--max-runners 4]`: kill -9 with real processes; non-zero when anything was lost, run twice or left behind. */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: String(process.pid) },
    "max-runners": { type: "string", default: "4" },
  },
});
const [kills, seed, maxRunners] = [values.kills, values.seed, values["max-runners"]].map(Number);
if (process.platform !== "linux") {
  console.error("error: it looks for processes left behind in /proc, so it runs on Linux only");
  process.exit(2);
}
if (!isCount(kills) || !isCount(seed) || !isCount(maxRunners) || kills === 0 || maxRunners === 0) {
  console.error("error: --kills and --max-runners are whole numbers above 0, --seed is a whole number");
  process.exit(2);
}
console.log(`seed ${seed}: ${kills} kills`);
const report = await runKills({
  seed,
  kills,
  maxRunners,
  onKill: ({ kills: done, summary }) => {
    if (done % 10 !== 0 && done !== kills) return;
    const { queued, succeeded, failed, lost, twice } = summary;
    const seconds = process.uptime();
    console.log(
      `${done} kills in ${Math.round(seconds)} s (${((done * 60) / seconds).toFixed(1)} a minute): ${queued} jobs queued, ${succeeded + failed} ended, ${lost} lost, ${twice} twice`,
    );
  },
});
const { summary } = report;
for (const [moment, count] of report.moments) console.log(`${String(count).padStart(6)} killed at ${moment}`);
console.log(
  `${summary.succeeded + summary.failed} jobs ended, ${summary.registrations} runners registered (at most ${report.mostRegistered} at one time), ${summary.lapsed} assignments lapsed; settled in ${Math.round(report.settleMs / 1_000)} s`,
);
const seconds = (ms: number | undefined): string => ((ms ?? 0) / 1_000).toFixed(1);
const { servingMs } = report;
console.log(
  `${servingMs.length} times a session of a killed daemon was in the way: serving ${seconds(servingMs[Math.floor(servingMs.length / 2)])} s after the start (median), ${seconds(servingMs.at(-1))} s at most`,
);
if (report.broken.length > 0) {
  console.error(`seed ${seed} broke:\n  ${report.broken.join("\n  ")}\nlog of the daemons: ${report.logFile}`);
  process.exitCode = 1;
} else {
  console.log(`${summary.lost} lost, ${summary.twice} twice, ${summary.leaked} leaked`);
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
