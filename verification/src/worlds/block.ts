import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorldName } from "./kinds.js";
import { Tally } from "./tally.js";
import type { WorldReport } from "./world.js";

export interface BlockOptions {
  readonly first: number;
  readonly last: number;
  readonly world?: WorldName | undefined;
  readonly hours?: number | undefined;
  /** Invariants that don't end a world when they break. @default none */
  readonly ignore?: readonly string[] | undefined;
  /** Processes at work at once. */
  readonly processes: number;
  /** Ends as soon as so many worlds broke. @default never */
  readonly patience?: number | undefined;
  /** Options of the processes, e.g. a loader. */
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What lives the worlds. @default the built one beside this module */
  readonly program?: string | undefined;
  /** Told of each world as it ends, in the order in which they do. */
  readonly onWorld?: ((report: WorldReport, progress: BlockProgress) => void) | undefined;
}

interface BlockProgress {
  readonly done: number;
  readonly of: number;
  readonly virtualMs: number;
  readonly broken: number;
}

export interface Block {
  readonly tally: Tally;
  readonly broken: readonly WorldReport[];
  readonly worlds: number;
  readonly jobs: number;
  readonly virtualMs: number;
}

const OWN_PROGRAM = fileURLToPath(new URL("./world-process.js", import.meta.url));

/** What a world's process is asked. */
export interface Order {
  readonly seed: number;
  readonly world: WorldName | undefined;
  readonly hours: number | undefined;
  readonly ignore?: readonly string[] | undefined;
}

/** Lives the worlds of a range of seeds in several processes. A process is used again and again: its code gets faster. */
export async function runBlock(options: BlockOptions): Promise<Block> {
  const { first, last, world, hours, ignore, onWorld, patience = Number.POSITIVE_INFINITY } = options;
  const tally = new Tally();
  const broken: WorldReport[] = [];
  let next = first;
  let done = 0;
  let virtualMs = 0;
  let jobs = 0;
  const take = (report: WorldReport): void => {
    done += 1;
    virtualMs += report.virtualMs;
    jobs += report.jobs;
    tally.merge(report.tally);
    if (report.broken !== undefined) broken.push(report);
    onWorld?.(report, { done, of: last - first + 1, virtualMs, broken: broken.length });
  };
  const nextOrder = (): Order | undefined => {
    if (next > last || broken.length >= patience) return undefined;
    return { seed: next++, world, hours, ignore };
  };
  await Promise.all(
    Array.from({ length: Math.min(options.processes, last - first + 1) }, () => worker(options, nextOrder, take)),
  );
  return { tally, broken, worlds: done, jobs, virtualMs };
}

function worker(
  { execArgv = [], env = process.env, program = OWN_PROGRAM }: BlockOptions,
  nextOrder: () => Order | undefined,
  take: (report: WorldReport) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(program, { execArgv: [...execArgv], env, serialization: "advanced" });
    let under: Order | undefined;
    const give = (): void => {
      under = nextOrder();
      if (under === undefined) child.disconnect();
      else child.send(under);
    };
    child.on("message", (report: WorldReport) => {
      take(report);
      give();
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (under === undefined) resolve();
      else reject(new Error(`the process that lived seed ${under.seed} ended with ${code}`));
    });
    give();
  });
}
