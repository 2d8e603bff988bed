import { type ChildProcess, fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { realClock } from "@scaleset/simulator";
import type { Order } from "../worlds/block.js";
import { type WorldName, worldNames } from "../worlds/kinds.js";
import type { WorldReport } from "../worlds/world.js";
import type { Mutant } from "./mutant.js";

/** A world, written `KIND SEED`, that breaks with a mutant and holds without it. */
export interface WorldCatch {
  readonly world: string;
  /** What broke, and how. */
  readonly how: string;
  /** Worlds that were lived with the mutant until then. */
  readonly after: number;
}

/** A world ends within seconds; with a mutant it may go on for ever, which proves nothing: the machine may be busy. */
const WORLD_LIMIT_MS = 60_000;

/** The first world that breaks: the one that is known to, then seed by seed one of each kind that must. */
export async function caughtByWorlds(
  mutant: Mutant,
  options: { readonly hint: string | undefined; readonly limitMs: number; readonly control: Control },
): Promise<WorldCatch | undefined> {
  const { hint, limitMs, control } = options;
  const until = realClock.monotonic() + limitMs;
  const lives = new WorldProcess(mutant.name);
  let after = 0;
  try {
    for (const { world, seed } of candidates(mutant, hint)) {
      if (realClock.monotonic() > until) return undefined;
      after += 1;
      const how = await lives.broken({ world, seed });
      if (how !== undefined && (await control.holds({ world, seed }))) return { world: `${world} ${seed}`, how, after };
    }
  } finally {
    lives.end();
  }
  return undefined;
}

type Candidate = Pick<Order, "seed"> & { readonly world: WorldName };

function* candidates({ worlds }: Mutant, hint: string | undefined): Generator<Candidate> {
  const [named, number] = hint?.split(" ") ?? [];
  const known = worldNames.find((name) => name === named);
  if (known !== undefined) yield { world: known, seed: Number(number) };
  if ("none" in worlds) return;
  for (let seed = 1; ; seed += 1) for (const world of worlds) yield { world, seed };
}

/** Whether a world holds with nothing done wrong; asked once for each. */
export class Control {
  readonly #known = new Map<string, boolean>();
  readonly #lives = new WorldProcess(undefined);

  async holds({ world, seed }: Candidate): Promise<boolean> {
    const name = `${world} ${seed}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const holds = (await this.#lives.broken({ world, seed })) === undefined;
    this.#known.set(name, holds);
    return holds;
  }

  end(): void {
    this.#lives.end();
  }
}

/** Lives worlds one after the other in a process, with a mutant or none. It is started when it is needed. */
class WorldProcess {
  readonly #mutant: string | undefined;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(mutant: string | undefined) {
    this.#mutant = mutant;
  }

  /** What broke in a world, in words. */
  broken(candidate: Candidate): Promise<string | undefined> {
    const result = this.#turn.then(() => this.#live(candidate));
    this.#turn = result.catch(() => {});
    return result;
  }

  end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #live({ world, seed }: Candidate): Promise<string | undefined> {
    this.#child ??= this.#start();
    const child = this.#child;
    const ended = new AbortController();
    return new Promise((resolve) => {
      const done = (how: string | undefined): void => {
        ended.abort();
        child.removeAllListeners();
        resolve(how);
      };
      const late = (): void => {
        this.end();
        done(undefined);
      };
      void realClock.sleep(WORLD_LIMIT_MS, { signal: ended.signal }).then(late, () => {});
      child.once("message", ({ broken }: WorldReport) => {
        done(broken === undefined ? undefined : `${broken.invariant}: ${broken.message.slice(0, 100)}`);
      });
      child.once("exit", (code) => {
        this.#child = undefined;
        done(`its process ended with ${code}`);
      });
      child.send({ seed, world, hours: undefined } satisfies Order);
    });
  }

  #start(): ChildProcess {
    const register = new URL("./register.js", import.meta.url).href;
    return fork(fileURLToPath(new URL("../worlds/world-process.js", import.meta.url)), {
      execArgv: this.#mutant === undefined ? [] : ["--import", register],
      env: { ...process.env, ...(this.#mutant === undefined ? {} : { MUTANT: this.#mutant }) },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  }
}
