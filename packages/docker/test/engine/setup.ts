import type { TestProject } from "vitest/node";
import { makeHostImage } from "../../src/host-image.js";
import { TestEngine } from "./test-engine.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the engine that tests share listens. */
    readonly engineHost: string;
    readonly hostImage: Awaited<ReturnType<typeof makeHostImage>>["options"];
  }
}

/** The repository, which the image shows to containers. */
const ROOT = new URL("../../../..", import.meta.url).pathname.replace(/\/$/, "");

/** One engine for all tests that leave it alone; DOCKER_HOST's if that is set, else one of our own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["DOCKER_HOST"];
  const own = given ? undefined : await TestEngine.start();
  const host = given || (own?.host ?? "");
  console.log(`engine: ${host}${own === undefined ? "" : `, storage driver ${own.storage}`}`);
  const signal = AbortSignal.timeout(60_000);
  const image = await makeHostImage({ engine: { host }, paths: [ROOT], signal });
  project.provide("engineHost", host);
  project.provide("hostImage", image.options);
  return async () => {
    await image.remove(AbortSignal.timeout(60_000)).catch(() => {});
    await own?.[Symbol.asyncDispose]();
  };
}
