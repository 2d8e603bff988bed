import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VirtualClock } from "@scaleset/simulator";
import { expect, onTestFinished, test, vi } from "vitest";
import { Reloading } from "../../src/cli/reloading.js";
import type { AdjustableLogger } from "../../src/config/logger.js";
import { createAutoscaler } from "../../src/daemon.js";
import { load, testFolder, testHost } from "../config/fixture.js";

const CONFIG = `github: { url: https://github.com/my-org, tokenFile: ./token }
scaleSets: [{ name: a, maxRunners: 0, provisioner: { box: {} } }]
`;

/** A daemon whose config and token lie in a folder, and which tries a refused config again in the test's time. */
async function reloadable() {
  const folder = testFolder();
  const token = join(folder, "token");
  writeFileSync(token, "test-token", { mode: 0o600 });
  const { config, provisioners } = await load(CONFIG, { workingFolder: folder });
  const clock = new VirtualClock();
  const autoscaler = createAutoscaler(config, { clock, provisioners });
  const errors: string[] = [];
  const logger: AdjustableLogger = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_, message) => errors.push(message),
    setLevel: () => {},
  };
  let looks = 0;
  const host = testHost({ workingFolder: folder });
  const reloading = new Reloading({
    file: "scaleset.yaml",
    host: {
      ...host,
      findProvisioner: (kind, baseFolder) => {
        looks += 1;
        return host.findProvisioner(kind, baseFolder);
      },
    },
    autoscaler,
    logger,
    log: config.log,
  });
  const stop = new AbortController();
  const trying = reloading.tryRefused({ clock, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await trying;
  });
  const problems = (): string[] => autoscaler.status().problems.map(({ code }) => code);
  /** Time passes until the config has been read once more. */
  const tryAgain = async (): Promise<void> => {
    const before = looks;
    await vi.waitFor(async () => {
      await clock.runFor(15_000);
      expect(looks).toBeGreaterThan(before);
    });
  };
  return { autoscaler, token, file: join(folder, "scaleset.yaml"), reloading, errors, problems, tryAgain };
}

test("a config that was refused for a missing token file is taken once the file is back, though it didn't change itself", async () => {
  const { token, reloading, errors, problems, tryAgain } = await reloadable();
  renameSync(token, `${token}.away`);
  await reloading.reload("SIGHUP");
  expect(problems()).toEqual(["config-refused"]);
  renameSync(`${token}.away`, token);
  await tryAgain();
  await vi.waitFor(() => expect(problems()).toEqual([]));
  expect(errors.filter((message) => /NOT taken/.test(message))).toHaveLength(1);
});

test("SIGHUP has refused launches tried again, though the config is the same; a changed file alone does not", async () => {
  const { autoscaler, reloading } = await reloadable();
  const retry = vi.spyOn(autoscaler, "retryLaunches");
  await reloading.reload("the config file has changed");
  expect(retry).not.toHaveBeenCalled();
  await reloading.hangUp();
  expect(retry).toHaveBeenCalledOnce();
});

test("a config that stays refused is told about once, and again when something else is wrong with it", async () => {
  const { token, file, reloading, errors, problems, tryAgain } = await reloadable();
  renameSync(token, `${token}.away`);
  await reloading.reload("the config file has changed");
  const told = errors.length;
  for (let time = 0; time < 3; time++) await tryAgain();
  expect(errors).toHaveLength(told);
  writeFileSync(file, CONFIG.replace("maxRunners: 0", "maxRunners: -1"));
  await tryAgain();
  await vi.waitFor(() => expect(errors.slice(told).join("\n")).toMatch(/maxRunners.*NOT taken/s));
  expect(problems()).toEqual(["config-refused"]);
});
