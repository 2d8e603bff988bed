import process from "node:process";
import { parseArgs } from "node:util";
import { type Case, fullForm, shortForm } from "./cases.js";
import { type CaseReport, runCase } from "./run-case.js";

/**
 * `npm run two-daemons [-- --short] [--seed N] [--only TEXT]`: two real daemons with real runner processes, and 40 jobs each
 * time: the holder is killed or stopped. Prints what was measured; non-zero when a rule was broken. About 15 minutes, the
 * short form about one.
 */
const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    seed: { type: "string", default: String(process.pid) },
    only: { type: "string", default: "" },
  },
});
const seed = Number(values.seed);
if (process.platform !== "linux") {
  console.error("error: it looks for processes left behind in /proc, so it runs on Linux only");
  process.exit(2);
}
if (!Number.isSafeInteger(seed) || seed < 0) {
  console.error("error: --seed is a whole number");
  process.exit(2);
}
const rounds = (values.short ? shortForm : fullForm)
  .map((round) => round.filter(({ name }) => name.includes(values.only)))
  .filter((round) => round.length > 0);
if (rounds.length === 0) {
  console.error(`error: no case has "${values.only}" in its name`);
  process.exit(2);
}
console.log(`seed ${seed}, ${values.short ? "short" : "full"} form`);
const reports: CaseReport[] = [];
for (const round of rounds) reports.push(...(await Promise.all(round.map((each) => reported(each)))));
print(reports);
const broken = reports.filter((report) => report.broken.length > 0);
for (const report of broken) {
  console.error(`${report.name}: ${report.broken.join("; ")}${report.folder ? `\n  logs: ${report.folder}` : ""}`);
}
if (broken.length > 0) process.exitCode = 1;
else console.log("0 lost, 0 twice, 0 leaked");

async function reported(each: Case): Promise<CaseReport> {
  const report = await runCase(each, seed);
  console.log(`${report.name}: ${report.broken.length === 0 ? "well" : "BROKEN"}`);
  return report;
}

function print(all: readonly CaseReport[]): void {
  const seconds = (ms: number | undefined): string => (ms === undefined ? "-" : (ms / 1_000).toFixed(1));
  const head = [
    "case",
    "serving s",
    "jobs",
    "lost",
    "twice",
    "leaked",
    "lapsed",
    "online",
    "allowed",
    "unheld",
    "settled s",
    "last",
  ];
  const rows = all.map(({ name, servingMs, summary, counted, mostAllowed, settledMs, holder }) => [
    name,
    seconds(servingMs),
    String(summary.succeeded),
    String(summary.lost),
    String(summary.twice),
    String(summary.leaked),
    String(summary.lapsed),
    String(counted.mostOnline),
    String(mostAllowed),
    String(counted.madeWithoutSession),
    seconds(settledMs),
    holder ?? "-",
  ]);
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  );
  for (const row of [head, ...rows]) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    );
  }
  console.log(
    "serving: from the kill or stop until a daemon held the session that works; last: who held it in the end",
  );
  console.log(
    "online: most runners online at one moment; unheld: instances made by the first while the second held the session",
  );
}
