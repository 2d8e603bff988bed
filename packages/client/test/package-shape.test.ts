import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import * as api from "../src/index.js";
import { bundle } from "./kit/bundle.js";

const EVERYTHING = 'import * as api from "@scaleset/client"; globalThis.api = api;';

describe("a program that uses a part of the package", () => {
  test("carries that part alone", async () => {
    const source = 'import { parseConfigUrl } from "@scaleset/client"; console.log(parseConfigUrl(process.argv[2]));';
    const { code, modules } = await bundle(source);
    const ours = modules.map((path) => path.replace(/^.*\/dist\//, "")).sort();
    expect(ours).toEqual(["entry", "errors.js", "http/config-url.js"]);
    expect(code).not.toMatch(/\b(?:import|from)\s*["'(]/);
    expect(Buffer.byteLength(code)).toBeLessThan(2_500);
  });

  test("carries no listener when it has a client, and loads undici only when it sends", async () => {
    const { code, modules } = await bundle(
      'import { ScaleSetClient } from "@scaleset/client"; new ScaleSetClient({});',
    );
    expect(modules.some((path) => path.includes("node_modules/undici/"))).toBe(true);
    expect(modules.filter((path) => path.includes("/listener/"))).toEqual([]);
    expect(Buffer.byteLength(code)).toBeLessThan(55_000);
  });

  test("finds nothing but names in it: no default export", () => {
    expect(Object.keys(api)).not.toContain("default");
  });
});

/** Runs in a fresh process: watches all that an import could do, imports, and says what the package did. */
const WATCH = `
const done = [];
// What Node's own loader does meanwhile is not the package's doing.
const note = (what) => new Error().stack.includes("package.mjs") && done.push(what);
const watch = (where, ...names) => {
  for (const name of names) {
    const real = where[name];
    where[name] = (...args) => (note("called " + name), Reflect.apply(real, where, args));
  }
};
watch(globalThis, "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch");
watch(process, "on", "once", "addListener", "emitWarning", "nextTick", "cwd");
watch(performance, "now");
watch(Date, "now");
watch(Math, "random");
const real = process.env;
const get = (_, name) => (note("read " + String(name)), real[name]);
const ownKeys = () => (note("read the environment"), Reflect.ownKeys(real));
Object.defineProperty(process, "env", { value: new Proxy(real, { get, ownKeys }) });
const names = () => Reflect.ownKeys(globalThis).map(String);
const before = { names: names(), resources: process.getActiveResourcesInfo() };
await import(process.argv[2]);
const added = names().filter((name) => !before.names.includes(name) && name !== "api");
const resources = [before.resources, process.getActiveResourcesInfo()];
process.stdout.write(JSON.stringify({ done, added, resources, exported: Object.keys(globalThis.api) }));
`;

describe("importing the package", () => {
  test("does no work: no timer, no handle, no environment, no global, no undici", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scaleset-import-"));
    try {
      // Where it lies there is no undici: to load it would fail.
      const { code } = await bundle(EVERYTHING, ["undici"]);
      await writeFile(join(folder, "package.mjs"), code);
      await writeFile(join(folder, "watch.mjs"), WATCH);
      const run = promisify(execFile)(process.execPath, ["watch.mjs", "./package.mjs"], {
        cwd: folder,
        timeout: 10_000,
      });
      const { stdout } = await run;
      const { done, added, resources, exported } = JSON.parse(stdout);
      expect(exported.sort()).toEqual(Object.keys(api).sort());
      expect(done).toEqual([]);
      expect(added).toEqual([]);
      expect(resources[1]).toEqual(resources[0]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
