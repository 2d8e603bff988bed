import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@scaleset/client";
import { VirtualClock } from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import { watchConfigFile } from "../../src/cli/config-watch.js";
import { testFolder } from "./program.js";

/** Counts the changes that are told; time passes when the test says so. */
function watching(file: string): { readonly told: () => number; readonly clock: VirtualClock } {
  const clock = new VirtualClock();
  const stop = new AbortController();
  let told = 0;
  const onChange = (): void => {
    told += 1;
  };
  const watched = watchConfigFile(file, { onChange, clock, logger: silentLogger, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await watched;
  });
  return { told: () => told, clock };
}

test("a change of the file behind a link in another folder is taken", async () => {
  const folder = testFolder();
  for (const name of ["real", "link"]) mkdirSync(join(folder, name));
  const real = join(folder, "real", "scaleset.yaml");
  const link = join(folder, "link", "scaleset.yaml");
  writeFileSync(real, "one");
  symlinkSync("../real/scaleset.yaml", link);
  const { told, clock } = watching(link);
  await clock.runFor(30_000);
  expect(told()).toBe(0);
  writeFileSync(real, "two");
  await clock.runFor(15_000);
  expect(told()).toBe(1);
});

test("a folder put in the place of the file's is read, and what changes in it afterwards", async () => {
  const folder = testFolder();
  const home = join(folder, "config");
  const file = join(home, "scaleset.yaml");
  mkdirSync(home);
  writeFileSync(file, "one");
  const { told, clock } = watching(file);
  await clock.runFor(30_000);
  renameSync(home, join(folder, "old"));
  mkdirSync(home);
  writeFileSync(file, "two");
  await clock.runFor(15_000);
  expect(told()).toBe(1);
  writeFileSync(file, "three");
  await clock.runFor(15_000);
  expect(told()).toBe(2);
});
