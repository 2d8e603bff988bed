import { processProvisioner } from "@scaleset/process";
import { describe, expect, test } from "vitest";
import type { RunFlags } from "../../src/config/flag-source.js";
import { formatIssue } from "../../src/config/issue.js";
import { loadConfigFlags } from "../../src/config/load.js";
import { errorsOf, issuesOf, load, testHost, tokenOf, VALID } from "./fixture.js";

const host = testHost({
  environment: { SCALESET_TOKEN: "from-variable" },
  findProvisioner: async () => ({ provisioner: processProvisioner }),
});
const flags: RunFlags = { url: "https://github.com/my-org", name: "linux-x64", runnerFolder: "./runner" };

describe("flags", () => {
  test("make the same configuration as a file", async () => {
    const fromFlags = await loadConfigFlags({ ...flags, minRunners: "1", maxRunners: "3", labels: "a, b" }, host);
    const yaml = VALID.replace("name:", "minRunners: 1\n    maxRunners: 3\n    labels: [a, b]\n    name:")
      .replace("box: {}", "process: { runner: { folder: ./runner } }")
      .replace("TOKEN", "SCALESET_TOKEN");
    const { baseFolder, ...fromFile } = (
      await load(yaml, {
        environment: host.environment,
        findProvisioner: host.findProvisioner,
      })
    ).config;
    expect(fromFlags.config).toEqual({ ...fromFile, baseFolder: "/work" });
    expect(fromFlags.warnings).toEqual([]);
  });

  test("take the token from SCALESET_TOKEN, which no other user can see", async () => {
    expect(tokenOf(await loadConfigFlags(flags, host))).toBe("from-variable");
  });

  test("warn about a token among the arguments, without repeating it", async () => {
    const { warnings } = await loadConfigFlags({ ...flags, token: "on-the-line" }, host);
    expect(warnings.map(formatIssue)).toEqual([expect.stringMatching(/^--token: every user of this machine can read/)]);
    expect(warnings.map(formatIssue).join()).not.toContain("on-the-line");
  });

  test("that are wrong or missing are named, all at once", async () => {
    const wrong: RunFlags = { url: "https://github.com", minRunners: "many", maxRunners: "-1", logLevel: "loud" };
    expect(await errorsOf(() => loadConfigFlags(wrong, testHost({ ...host, environment: {} })))).toEqual([
      expect.stringMatching(/^--url: .*its path must be/),
      "--token: a credential is missing",
      "--runner-folder: is required",
      "--name: is required",
      '--min-runners: expected a whole number from 0 to 10000, found "many"',
      "--max-runners: expected a whole number from 0 to 10000, found -1",
      '--log-level: expected one of debug, info, warn, error, found "loud"',
    ]);
  });

  test("of an App leave SCALESET_TOKEN alone", async () => {
    const attempt = (): Promise<unknown> => loadConfigFlags({ ...flags, appClientId: "Iv1" }, host);
    expect((await issuesOf(attempt)).map(formatIssue)).toEqual([
      expect.stringMatching(/^--app-private-key-file: the App's private key is missing\n.*give --app-private-key-file/),
    ]);
  });

  test("are taken as they are: a dollar sign in one is no variable", async () => {
    expect((await loadConfigFlags({ ...flags, name: `a-\${B}` }, host)).config.scaleSets[0]?.name).toBe(`a-\${B}`);
  });
});
