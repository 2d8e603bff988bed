import type { FetchLike } from "@scaleset/client";
import type { Clock, Random } from "@scaleset/simulator";
import type { ProcessPause } from "./process-clock.js";
import { type Asked, readRequest } from "./request.js";

export interface LineHooks {
  /** A request leaves the daemon. */
  asked(asked: Asked): void;
  /** Its answer has reached the daemon. */
  answered(asked: Asked, answer: { readonly status: number; readonly body: string | undefined }): void;
  /** Nothing more comes of a request: it was answered, it failed, or it was taken back. */
  over(asked: Asked): void;
  /** Something was asked or answered: a moment in which the daemon may die. */
  moment(): void;
}

export interface LineOptions {
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly random: Random;
  readonly latencyMs: readonly [number, number];
  readonly hooks: LineHooks;
  /** Whether the daemon's process is paused: what is answered meanwhile it reads afterwards. */
  readonly pause: ProcessPause;
}

interface UnderWay {
  readonly hangUp: AbortController;
  fate: "goes on" | "arrives" | "never arrives";
}

/** What is looked into, not only at its status. */
const READ: ReadonlySet<Asked["kind"]> = new Set(["open", "refresh", "get-set", "poll", "acquire", "look-up", "jit"]);

const never = (): Promise<never> => new Promise(() => {});

/** A daemon's connection to the service: takes its time, is watched, and can be cut by the death of the daemon. */
export class ServiceLine {
  readonly #options: LineOptions;
  readonly #underWay = new Set<UnderWay>();
  #dead = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  readonly fetch: FetchLike = async (url, init) => {
    if (this.#dead) return await never();
    const { clock, hooks, pause } = this.#options;
    const asked = readRequest(url, init);
    hooks.asked(asked);
    const call: UnderWay = { hangUp: new AbortController(), fate: "goes on" };
    const hangUp = (): void => {
      if (!this.#dead) call.hangUp.abort(init.signal.reason);
    };
    init.signal.throwIfAborted();
    init.signal.addEventListener("abort", hangUp, { once: true });
    this.#underWay.add(call);
    try {
      hooks.moment();
      await clock.sleep(this.#latency(), { signal: call.hangUp.signal });
      if (call.fate === "never arrives") return await never();
      const response = await this.#options.fetch(url, { ...init, signal: call.hangUp.signal });
      const read = READ.has(asked.kind) ? await readWhole(response) : undefined;
      await clock.sleep(this.#latency(), { signal: call.hangUp.signal });
      if (pause.kind !== undefined) await this.#reach(call.hangUp.signal);
      if (this.#dead) return await never();
      hooks.answered(asked, { status: response.status, body: read?.body });
      hooks.moment();
      if (this.#dead) return await never();
      return read?.response ?? response;
    } catch (error) {
      if (pause.kind !== undefined) await pause.over();
      if (this.#dead) return await never();
      throw error;
    } finally {
      this.#underWay.delete(call);
      init.signal.removeEventListener("abort", hangUp);
      if (!this.#dead) hooks.over(asked);
    }
  };

  /** The daemon dies. What it had asked arrives or not; where its machine died with it, nobody tells the service. */
  cut(): void {
    if (this.#dead) return;
    this.#dead = true;
    const { random } = this.#options;
    const silently = random() < 0.3;
    for (const call of this.#underWay) {
      call.fate = random() < 0.5 ? "arrives" : "never arrives";
      if (!silently && call.fate === "never arrives") call.hangUp.abort(new Error("the daemon died"));
    }
  }

  /** The answer waits in the socket of a stopped process. While a machine sleeps it may as well be lost. */
  async #reach(signal: AbortSignal): Promise<void> {
    const { pause, random } = this.#options;
    const lost = pause.kind === "suspended" && random() < 0.5;
    await pause.over();
    if (!lost) return;
    await new Promise<never>((_, reject) => {
      const refuse = (): void => reject(signal.reason);
      if (signal.aborted) refuse();
      else signal.addEventListener("abort", refuse, { once: true });
    });
  }

  #latency(): number {
    const [least, most] = this.#options.latencyMs;
    return Math.round(least + (most - least) * this.#options.random());
  }
}

async function readWhole(response: Response): Promise<{ readonly body: string; readonly response: Response }> {
  const body = response.body === null ? "" : await response.text();
  const { status, headers } = response;
  const bodiless = status === 204 || status === 205 || status === 304;
  return { body, response: new Response(bodiless ? null : body, { status, headers }) };
}
