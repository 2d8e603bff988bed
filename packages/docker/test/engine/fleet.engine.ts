import { createAutoscaler } from "@scaleset/autoscaler";
import type { FetchLike, Logger } from "@scaleset/client";
import type { Backend, OpenContext, Provisioner } from "@scaleset/provisioner";
import Docker from "dockerode";
import { expect, inject, test } from "vitest";
import { provisioner } from "../../src/provisioner.js";
import { configOf, SCALE_SET } from "./daemon.js";
import { FleetStage, until } from "./fleet-stage.js";

const engine = { host: inject("engineHost") };
const docker = new Docker({ socketPath: engine.host.slice("unix://".length) });
const options = { ...inject("hostImage"), engine };

/** Of each step of a launch, how long it took. */
class Steps {
  readonly #took = new Map<string, number[]>();

  async time<T>(step: string, work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work;
    const took = this.#took.get(step) ?? [];
    this.#took.set(step, [...took, performance.now() - startedAt]);
    return result;
  }

  toString(): string {
    return [...this.#took]
      .map(([step, took]) => {
        const sorted = took.toSorted((a, b) => a - b);
        const at = (share: number): string => `${Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)} ms`;
        return `${step} ${at(0.5)} (95 %: ${at(0.95)})`;
      })
      .join(", ");
  }

  /** The provisioner with its steps timed. */
  timed(): Provisioner {
    const open = async (given: unknown, context: OpenContext): Promise<Backend> => {
      const backend = await provisioner.open(provisioner.schema.parse(given), context);
      const create = backend.create.bind(backend);
      const start = backend.start.bind(backend);
      return Object.assign(backend, {
        create: (...args: Parameters<Backend["create"]>) => this.time("create", create(...args)),
        start: (...args: Parameters<Backend["start"]>) => this.time("start", start(...args)),
      });
    };
    return { ...provisioner, open };
  }

  timedFetch(): FetchLike {
    return (url, init) => {
      const answer = fetch(url, init);
      return String(url).includes("generatejitconfig") ? this.time("JIT config", answer) : answer;
    };
  }
}

test("200 jobs at 20 at a time: none lost, none run twice, none leaked, and nothing left in the engine", async () => {
  await using stage = await FleetStage.set();
  const { simulator } = stage;
  const steps = new Steps();
  const logged: string[] = [];
  const log = (data: object, message: string): void => void logged.push(`${message} ${JSON.stringify(data)}`);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const autoscaler = createAutoscaler(configOf(stage.orders({ maxRunners: 20, docker: options })), {
    provisioners: [steps.timed()],
    fetch: steps.timedFetch(),
    logger,
  });
  const stop = new AbortController();
  const running = autoscaler.run({ signal: stop.signal });
  try {
    const startedAt = performance.now();
    simulator.queueJobs(Array.from({ length: 200 }, () => ({ scaleSet: SCALE_SET, script: "sleep 0.2" })));
    let most = 0;
    const unsubscribe = simulator.onChange(() => {
      most = Math.max(most, simulator.state().runners.length);
    });
    await until(
      "every job has ended",
      () => simulator.summary().open === 0,
      300_000,
      () => [simulator.summary(), autoscaler.status().scaleSets[0], logged.slice(-20)],
    );
    unsubscribe();
    const tookS = Math.round((performance.now() - startedAt) / 1_000);
    await until("no registration is left", () => simulator.state().runners.length === 0);
    await until("no container is left", async () => (await docker.listContainers({ all: true })).length === 0);
    expect((await docker.listVolumes()).Volumes).toEqual([]);
    expect(simulator.summary()).toMatchObject({ succeeded: 200, lost: 0, hostDied: 0, twice: 0, leaked: 0 });
    expect(most).toBeLessThanOrEqual(20);
    const { median, p95 } = simulator.summary().queueToStartMs;
    console.log(
      `200 jobs in ${tookS} s, at most ${most} runners; ${steps}; queued to started ${Math.round(median)} ms (95 %: ${Math.round(p95)} ms)`,
    );
  } finally {
    stop.abort();
    await running;
  }
}, 400_000);
