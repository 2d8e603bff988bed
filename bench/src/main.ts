import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchArrival } from "./arrival.js";
import { benchBurst } from "./burst.js";
import { benchCalls } from "./calls.js";
import { benchDecisions } from "./decisions.js";
import { benchDecode } from "./decode.js";
import { type Figure, isMet, table } from "./figures.js";
import { benchIdleSessions } from "./idle-sessions.js";
import { benchSimulator } from "./simulator.js";

/** `npm run bench [-- calls idle decode simulator decisions arrival burst] [--quick] [--check] [--write FILE]` */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean" }, check: { type: "boolean" }, write: { type: "string" } },
});
const quick = values.quick === true;

const benches: Record<string, () => Promise<Figure[]>> = {
  calls: () => benchCalls(quick ? { rounds: 1, calls: 200 } : { rounds: 9, calls: 4_000 }),
  idle: () =>
    benchIdleSessions(quick ? { rounds: 1, sessions: 50, polls: 3 } : { rounds: 3, sessions: 1_000, polls: 100 }),
  simulator: () => benchSimulator(quick ? { jobs: 100, sessions: 50 } : { jobs: 10_000, sessions: 1_000 }),
  decode: () => benchDecode(quick ? { rounds: 1, times: 3 } : { rounds: 15, times: 20 }),
  decisions: () => benchDecisions(quick ? { rounds: 1, jobs: 20 } : { rounds: 5, jobs: 2_000 }),
  arrival: () => benchArrival(quick ? { rounds: 1, jobs: 2, sets: 5 } : { rounds: 3, jobs: 10, sets: 100 }),
  burst: () => benchBurst(quick ? { rounds: 1, jobs: 10 } : { rounds: 3, jobs: 200 }),
};

const names = positionals.length > 0 ? positionals : Object.keys(benches);
const figures: Figure[] = [];
for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) {
    console.error(`error: there is no bench ${name}; there are ${Object.keys(benches).join(", ")}`);
    process.exit(2);
  }
  figures.push(...(await bench()));
}
const text = table(figures);
console.log(text);
if (values.write !== undefined) writeFileSync(values.write, page(text));
if (values.check === true && !figures.every(isMet)) process.exitCode = 1;

function page(figures: string): string {
  const where = `Node ${process.versions.node}, ${cpus().length} cores`;
  return `# Benchmarks

Written by \`npm run bench -- --write docs/benchmarks.md\` (${where}). Each figure is the median of rounds in which ours and the
bare way to do the same work took turns in one run, with the least and the most beside it; the ratio is what counts.

${figures}

- **Calls**: \`getRunner\` of the client against undici's \`Pool.request\` with its JSON parsed, to a server in another process.
  CPU is that of the calling process. The client's pace limit (100 a second by default) is out of the way.
- **Idle sessions**: listeners with their polls held against the same polls held by undici alone, in a process each, after
  a collection and without what the process had before. A listener is a loop with a memory of its messages, a session and
  a deadline beside the poll, so its heap is larger than a bare poll's; what the machine gives for both, their resident
  memory, is mostly the connection.
- **Event**: \`reduce\` and \`decide\` while jobs come, run and end in a full fleet, each event decided upon as if it came
  alone; the bare way is the same with ten runners, so the ratio says how flat it is.
- **From a message to its JIT request**: the whole daemon with a backend in memory that takes no time, a job a second for
  each scale set; from the answer that brings the message to the begin of the request.
- **Burst**: the whole daemon with a backend in memory and the simulator in the same process, from the arrival of the jobs
  to the last started runner; the JIT call takes 50 ms and the start 100 ms, whose waits alone are the bare way.
- **Message**: \`getMessage\`, from a body in memory to 50 checked jobs, against reading that body and two \`JSON.parse\`.
- **Simulator**: it in a process of its own, over HTTP. A job is its JIT config, a simulated runner's whole life (token,
  session, polls, acquire, renew, complete, goodbye) and the client's messages; the bare way is as many small requests as
  a job makes, to a server that does nothing. Heaps are after a collection. The journal is full and ended jobs are at
  their limit after the first 10,000: what comes after takes the place of what was.
`;
}
