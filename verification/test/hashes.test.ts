import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { compareHashes, nodeMajor, readHashes, writeHashes } from "../src/hashes/hashes.js";
import { Trace } from "../src/worlds/trace.js";
import { runWorld } from "../src/worlds/world.js";

const HOURS = 0.05;
const print = fileURLToPath(new URL("../dist/worlds/print-hash.js", import.meta.url));
const elsewhere = async (seed: number): Promise<string> =>
  (await promisify(execFile)(process.execPath, [print, String(seed), "shared", String(HOURS)])).stdout.trim();

describe("the hash of what a world did", () => {
  test.each([1, 2])(
    "seed %i: the same in another process",
    async (seed) => {
      const { hash } = await runWorld(seed, { world: "shared", hours: HOURS });
      expect(await elsewhere(seed)).toBe(hash);
    },
    120_000,
  );

  test("another one for another rule, command, runner or time; the words make no difference", () => {
    const hashOf = (rule: string, name: string, atMs = 5): string => {
      const trace = new Trace(() => atMs);
      trace.command("daemon-1", "set-a", rule, { type: "destroy", name });
      return trace.digest();
    };
    const first = hashOf("R1", "set-a-1");
    expect(hashOf("R1", "set-a-1")).toBe(first);
    expect(new Set([first, hashOf("R2", "set-a-1"), hashOf("R1", "set-a-2"), hashOf("R1", "set-a-1", 6)]).size).toBe(4);

    const failure = (message: string): string => {
      const trace = new Trace(() => 5);
      const outcome = { type: "destroy.failed", name: "set-a-1", message } as const;
      trace.outcome("daemon-1", { scaleSet: "set-a", command: { type: "destroy", name: "set-a-1" }, outcome });
      return trace.digest();
    };
    expect(failure("no such host")).toBe(failure("the host is unknown"));
  });
});

describe("hashes that were written down", () => {
  test("name the seeds that differ, and those that have none", () => {
    const kept = { nodeMajor, hashes: { 1: "a", 2: "b" } };
    const lived = new Map([
      [3, "c"],
      [2, "x"],
      [1, "a"],
    ]);
    expect(compareHashes(kept, lived)).toEqual({ refused: undefined, equal: 1, differing: [2], unknown: [3] });
  });

  test("are compared on the Node that they are of only", () => {
    const kept = { nodeMajor: 18, hashes: {} };
    expect(compareHashes(kept, new Map(), 20).refused).toContain("of Node 18, and this is Node 20");
    expect(compareHashes(undefined, new Map()).refused).toContain("--write");
  });

  test("are read as they were written", () => {
    const folder = mkdtempSync(join(tmpdir(), "scaleset-hashes-"));
    const file = pathToFileURL(join(folder, "hashes.json"));
    try {
      expect(readHashes(file)).toBeUndefined();
      writeHashes(file, new Map([[7, "b"]]));
      expect(readHashes(file)).toEqual({ nodeMajor, hashes: { 7: "b" } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
