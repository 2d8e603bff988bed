import { join } from "node:path";
import { processProvisioner } from "@scaleset/process";
import { describe, expect, test } from "vitest";
import { formatIssue } from "../../src/config/issue.js";
import { loadConfigFile } from "../../src/config/load.js";
import { defaultTimings } from "../../src/core/settings.js";
import { errorsOf, issuesOf, load, testFolder, testHost, tokenOf, VALID } from "./fixture.js";

describe("a good file", () => {
  test("needs only the URL, a credential, a name and a provisioner; the rest has defaults", async () => {
    const folder = testFolder();
    const loaded = await load(VALID, { workingFolder: folder });
    expect(loaded.warnings).toEqual([]);
    expect(loaded.config).toEqual({
      github: { url: "https://github.com/my-org", credentials: { kind: "token", token: expect.anything() } },
      targets: {},
      owner: expect.stringMatching(/^host-1-[0-9a-f]{8}$/),
      stateFolder: "/home/someone/.local/state/scaleset",
      baseFolder: folder,
      scaleSets: [
        {
          name: "linux-x64",
          target: "github",
          labels: ["linux-x64"],
          runnerGroup: "default",
          minRunners: 0,
          maxRunners: 10,
          priority: 1,
          disableUpdate: false,
          recreate: true,
          namePrefix: "linux-x64",
          workFolder: "_work",
          provisioner: { kind: "box", options: { size: 4 } },
        },
      ],
      log: { level: "info", format: "text" },
      limits: { launchConcurrency: 10, requestsPerSecond: 100, standbyProbesPerSecond: 5 },
      timings: defaultTimings,
    });
    expect(tokenOf(loaded)).toBe("test-token");
  });

  test("never prints its token", async () => {
    expect(JSON.stringify((await load(VALID)).config)).not.toContain("test-token");
  });

  test("gives the daemon the same name at the service after every restart, and another for another state folder", async () => {
    const first = (await load(VALID)).config.owner;
    expect((await load(VALID)).config.owner).toBe(first);
    expect((await load(`${VALID}stateFolder: ./other\n`)).config.owner).not.toBe(first);
  });

  test("keeps state where systemd says, or below the configuration where it says so itself", async () => {
    const environment = { TOKEN: "t", STATE_DIRECTORY: "/var/lib/scaleset", XDG_STATE_HOME: "/xdg" };
    expect((await load(VALID, { environment })).config.stateFolder).toBe("/var/lib/scaleset");
    expect((await load(VALID, { environment: { TOKEN: "t", XDG_STATE_HOME: "/xdg" } })).config.stateFolder).toBe(
      "/xdg/scaleset",
    );
    const folder = testFolder();
    expect((await load(`${VALID}stateFolder: state\n`, { workingFolder: folder })).config.stateFolder).toBe(
      join(folder, "state"),
    );
  });

  test("refuses a state folder whose sockets would have too long a path, also the default one", async () => {
    const words = (found: string): RegExp =>
      new RegExp(`stateFolder: the path ${found} has \\d+ bytes, at most 81 are possible: the daemon keeps a socket`);
    const longest = `/${"x".repeat(80)}`;
    expect((await load(`${VALID}stateFolder: ${longest}\n`)).config.stateFolder).toBe(longest);
    expect(await errorsOf(() => load(`${VALID}stateFolder: ${longest}x\n`))).toEqual([
      expect.stringMatching(words(`${longest}x`)),
    ]);
    // Bytes count, not letters.
    expect(await errorsOf(() => load(`${VALID}stateFolder: /${"\u00e4".repeat(41)}\n`))).toHaveLength(1);
    const environment = { TOKEN: "t", XDG_STATE_HOME: longest };
    expect(await errorsOf(() => load(VALID, { environment }))).toEqual([
      expect.stringMatching(words(`${longest}/scaleset`)),
    ]);
  });

  test("makes runner names that the service takes, whatever the scale set is called", async () => {
    const named = async (name: string): Promise<string | undefined> =>
      (await load(VALID.replace("linux-x64", name))).config.scaleSets[0]?.namePrefix;
    expect(await named("gpu_large v2.1")).toBe("gpu-large-v2-1");
    expect(await named("größe")).toBe("gr-e");
    expect(await named("日本")).toBe("runner");
  });

  test("may change a waiting time by its name", async () => {
    const { timings } = (await load(`${VALID}timings: { surplusMs: 500 }\n`)).config;
    expect(timings).toEqual({ ...defaultTimings, surplusMs: 500 });
  });
});

describe("a wrong file", () => {
  test("tells everything that is wrong at once, each with line and column, in the order of the file", async () => {
    const yaml = `github:
  url: https://github.com
  tokn: abc
scaleSets:
  - name: linux
    maxRuners: 3
    minRunners: -1
    provisioner: { box: { sice: 2, image: 7 } }
  - labels: []
    provisioner: { bxo: {} }
log: { level: verbose }
`;
    expect(await errorsOf(() => load(yaml))).toEqual([
      "1:1: github: a credential is missing",
      expect.stringMatching(/^2:8: github\.url: .*its path must be/),
      '3:3: github.tokn: unknown key "tokn"',
      '6:5: scaleSets[0].maxRuners: unknown key "maxRuners"',
      "7:17: scaleSets[0].minRunners: expected a whole number from 0 to 10000, found -1",
      '8:27: scaleSets[0].provisioner.box.sice: unknown key "sice"',
      "8:43: scaleSets[0].provisioner.box.image: expected text, found 7",
      "9:5: scaleSets[1].name: name is missing",
      "9:13: scaleSets[1].labels: expected a list of at least 1, found an empty list",
      '10:20: scaleSets[1].provisioner.bxo: the provisioner "bxo" is not installed',
      '11:15: log.level: expected one of debug, info, warn, error, found "verbose"',
    ]);
  });

  test("gets a suggestion for a misspelt key, a misspelt kind and a misspelt choice", async () => {
    const yaml = VALID.replace("box: {}", "bxo: {}").replace("name:", "maxRuners: 1\n    max-runners: 2\n    name:");
    const remedies = (await issuesOf(() => load(`${yaml}log: { level: wran }\n`))).map(({ remedy }) => remedy);
    expect(remedies).toEqual([
      'did you mean "maxRunners"?',
      'did you mean "maxRunners"?',
      'did you mean "box"?',
      'did you mean "warn"?',
    ]);
  });

  test("is told which keys there are where no guess is close", async () => {
    const [issue] = await issuesOf(() => load(`${VALID}limits: { speed: 1 }\n`));
    expect(issue?.remedy).toBe(
      "known here: maxRunners, launchConcurrency, maxScaleSets, requestsPerSecond, standbyProbesPerSecond",
    );
  });

  test("is told what to do: quotes around a number that should be text", async () => {
    const [issue] = await issuesOf(() => load(VALID.replace("linux-x64", "12345")));
    expect(issue).toMatchObject({
      problem: "expected text of 1 to 100 letters, found 12345",
      remedy: 'put it in quotes: "12345"',
    });
  });

  test.each([
    ["[a, A]", /expected each label once/],
    ['["a "]', /expected no blanks at either end/],
  ])("is refused for the labels %s", async (labels, why) => {
    const [error] = await errorsOf(() => load(VALID.replace("name:", `labels: ${labels}\n    name:`)));
    expect(error).toMatch(why);
  });

  test("is refused when minRunners is above maxRunners", async () => {
    expect(await errorsOf(() => load(VALID.replace("name:", "minRunners: 11\n    name:")))).toEqual([
      "5:17: scaleSets[0].minRunners: minRunners (11) is above maxRunners (10)",
    ]);
  });

  test.each([
    ["/var/jobs", "an absolute path"],
    ["C:\\\\jobs", "an absolute path"],
    ["../jobs", "a path with .."],
    ["a/../../jobs", "a path with .."],
  ])("is refused for the work folder %s of a process, which would outlive its runner", async (folder, found) => {
    const host = { findProvisioner: async () => ({ provisioner: processProvisioner }) };
    const yaml = VALID.replace("name:", `workFolder: "${folder}"\n    name:`);
    const ofProcess = yaml.replace("box: {}", "process: { command: [x] }");
    expect(await errorsOf(() => load(ofProcess, host))).toEqual([
      `5:17: scaleSets[0].workFolder: expected a folder inside the runner's own, found ${found}`,
    ]);
    expect((await load(yaml)).config.scaleSets).toHaveLength(1);
    const inside = ofProcess.replace(folder, "_work/..jobs");
    expect((await load(inside, host)).config.scaleSets[0]?.workFolder).toBe("_work/..jobs");
  });

  test("is refused when two scale sets would be one at the service, whatever their case", async () => {
    const yaml = `${VALID}  - { name: Linux-X64, runnerGroup: Default, provisioner: { box: {} } }\n`;
    expect(await errorsOf(() => load(yaml))).toEqual([
      "7:13: scaleSets[1].name: a scale set of this name is in the same runner group already (line 5)",
    ]);
    expect((await load(yaml.replace("Default", "other"))).config.scaleSets).toHaveLength(2);
  });

  test("is refused when it names two kinds of provisioner in one scale set", async () => {
    expect(await errorsOf(() => load(VALID.replace("box: {}", "box: {}, process: {}")))).toEqual([
      "6:29: scaleSets[0].provisioner: expected one kind of provisioner, found box and process",
    ]);
  });

  test.each([
    ["https://github.com", /its path must be/],
    ["https://github.com/a/b/c", /its path must be/],
    ["github.com/my-org", /no http\(s\) URL/],
    ["https://user:hunter2@github.com/my-org", /must not hold credentials/],
  ])("is refused for the URL %s, which names no organization, repository or enterprise", async (url, why) => {
    const issues = await issuesOf(() => load(VALID.replace("https://github.com/my-org", url)));
    expect(issues.map(formatIssue).join()).toMatch(why);
    expect(issues.map(formatIssue).join()).not.toContain("hunter2");
    expect(issues[0]?.place).toEqual({ kind: "file", file: "scaleset.yaml", line: 2, column: 8 });
  });

  test.each([
    ["a key that is there twice", `${VALID}github: {}\n`, "7:1: expected each key once, found it a second time"],
    ["a tab in the indentation", "github:\n\turl: x\n", "2:1: expected spaces, found a tab"],
    [
      "a brace that is never closed",
      "github: { url: x\n",
      "2:1: expected a closing quote, bracket or brace, or another indentation",
    ],
    [
      "a variable without quotes in braces",
      `github: { token: \${TOKEN} }\n`,
      "1:19: expected YAML, found a variable without quotes inside { … } or [ … ]",
    ],
    ["a text that is never closed", 'a: "x\nb: 1\n', /expected a closing quote/],
    ["an alias of nothing", "a: *x\n", /expected aliases/],
    ["a key out of line", "a: 1\n  b: 2\n", "1:4: expected one `key: value` a line"],
    ["a tag", "a: !secret x\n", "1:4: expected no tag (!name)"],
    ["nothing at all", "", "1:1: the file is empty"],
    ["a list at the top", "- a\n", "1:1: expected a mapping with the keys github and scaleSets"],
  ])("is refused for %s", async (_, yaml, expected) => {
    expect((await errorsOf(() => load(yaml)))[0]).toEqual(
      typeof expected === "string" ? expected : expect.stringMatching(expected),
    );
  });

  test("with one slip is told about it alone, not about every line after it; keys that are there twice are all told", async () => {
    const slip = `github: { url: https://github.com/my-org, token: \${TOKEN} }
scaleSets:
  - name: a
    maxRunners: 3
    provisioner: { box: {} }
`;
    expect(await errorsOf(() => load(slip))).toEqual([
      "1:51: expected YAML, found a variable without quotes inside { … } or [ … ]",
    ]);
    expect(await errorsOf(() => load(`${VALID}github: {}\nscaleSets: []\n`))).toEqual([
      "7:1: expected each key once, found it a second time",
      "8:1: expected each key once, found it a second time",
    ]);
  });

  test("that is not there says so", async () => {
    expect(await issuesOf(() => loadConfigFile("none.yaml", testHost({ workingFolder: testFolder() })))).toMatchObject([
      { problem: "the config file does not exist" },
    ]);
  });
});

describe("a doubtful file", () => {
  test("that asks for no runners at all is warned about, and taken", async () => {
    const { config, warnings } = await load(VALID.replace("name:", "maxRunners: 0\n    name:"));
    expect(config.scaleSets[0]?.maxRunners).toBe(0);
    expect(warnings.map(({ problem }) => problem)).toEqual(["this scale set is not polled and takes no jobs"]);
  });

  test("whose minimums are more than the limit of the process is warned about", async () => {
    const yaml = `${VALID.replace("name:", "minRunners: 3\n    name:")}\nlimits: { maxRunners: 2 }\n`;
    const { warnings } = await load(yaml);
    expect(warnings.map(({ problem }) => problem)).toEqual([
      "the minimums of all scale sets (3) are more than limits.maxRunners (2)",
    ]);
    const paused = await load(
      `${VALID.replace("name:", "maxRunners: 0\n    name:")}\ndefaults: { minRunners: 3 }\nlimits: { maxRunners: 2 }\n`,
    );
    expect(paused.warnings.map(({ problem }) => problem)).toEqual(["this scale set is not polled and takes no jobs"]);
  });

  test("with the token in itself is warned about, without repeating it", async () => {
    const { warnings } = await load(VALID.replace(`\${TOKEN}`, "ghp_0123456789abcdef"));
    expect(warnings.map(formatIssue).join()).toMatch(/3:10: github\.token: the secret stands in the file itself/);
    expect(warnings.map(formatIssue).join()).not.toContain("0123456789");
  });

  test("with plain http to another machine is warned about; to this one it is fine", async () => {
    const at = async (url: string): Promise<readonly string[]> =>
      (await load(VALID.replace("https://github.com/my-org", url))).warnings.map(({ problem }) => problem);
    expect(await at("http://ghes.example/my-org")).toEqual(["credentials would travel unencrypted"]);
    expect(await at("http://127.0.0.1:8080/my-org")).toEqual([]);
  });
});
