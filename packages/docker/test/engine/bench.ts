import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { realClock, realRandom } from "@scaleset/client";
import type { Backend, InstanceLabels, OpenContext } from "@scaleset/provisioner";
import { contractRunnerScript } from "@scaleset/provisioner/testing";
import Docker from "dockerode";
import { inject, onTestFinished } from "vitest";
import { provisioner } from "../../src/provisioner.js";

/** The engine that tests share. */
export const docker = new Docker({ socketPath: inject("engineHost").slice("unix://".length) });

export interface Opened {
  readonly backend: Backend;
  /** All it logged so far. */
  readonly logged: string[];
}

/** A backend on the shared engine, whose instances take their orders as the contract suite gives them. */
export async function openBackend(
  options: object,
  { clock = realClock }: { readonly clock?: OpenContext["clock"] } = {},
): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), "scaleset-bench-"));
  const logged: string[] = [];
  const log = (data: object, message: string): void => void logged.push(`${message} ${inspect(data, { depth: 6 })}`);
  const given = {
    ...inject("hostImage"),
    init: true,
    command: ["sh", "-c", contractRunnerScript],
    engine: { host: inject("engineHost") },
    ...options,
  };
  const backend = await provisioner.open(provisioner.schema.parse(given), {
    stateFolder: folder,
    baseFolder: folder,
    clock,
    random: realRandom,
    logger: { debug: log, info: log, warn: log, error: log },
  });
  onTestFinished(async () => {
    await backend.close();
    for (const { Id } of await docker.listContainers({ all: true, filters: { label: ["scaleset.identity"] } }))
      await docker.getContainer(Id).remove({ force: true, v: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return { backend, logged };
}

export const labels: InstanceLabels = { schema: 1, identity: "a".repeat(64), owner: "bench", spec: "s" };

let names = 0;
export function freshName(): string {
  names += 1;
  return `bench-${names}-${Math.floor(realRandom() * 1e9)}`;
}

export const soon = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(60_000) });

/** Makes and starts an instance with orders of the contract suite's runner. */
export async function startInstance(backend: Backend, orders: string, name = freshName()): Promise<string> {
  await backend.create({ name, labels }, soon());
  await backend.start(name, { reveal: () => `contract.x.${orders}` }, soon());
  return name;
}

export function secret(text: string): { reveal(): string } {
  return { reveal: () => text };
}
