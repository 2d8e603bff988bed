import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { processProvisioner } from "@scaleset/process";
import { describe, expect, test } from "vitest";
import { formatIssue } from "../../src/config/issue.js";
import { defaultTimings } from "../../src/core/settings.js";
import { credentialsOf, errorsOf, issuesOf, load, testFolder, tokenOf, VALID } from "./fixture.js";

const environment = { TOKEN: "common", OTHER: "other" };

describe("defaults", () => {
  const yaml = `github: { url: https://github.com/acme, token: "\${TOKEN}" }
defaults:
  maxRunners: 3
  labels: [self-hosted, linux]
  runnerGroup: ci
  provisioner: { box: { size: 2, image: plain } }
timings: { surplusMs: 500, maxIdleAgeMs: off }
scaleSets:
  - name: small
  - { name: big, maxRunners: 30, labels: [big], provisioner: { box: { size: 9 } }, timings: { surplusMs: 9 } }
`;

  test("hold for every scale set that doesn't say otherwise", async () => {
    const [small, big] = (await load(yaml, { environment })).config.scaleSets;
    expect(small).toMatchObject({ maxRunners: 3, labels: ["self-hosted", "linux"], runnerGroup: "ci" });
    expect(big).toMatchObject({ maxRunners: 30, labels: ["big"], runnerGroup: "ci" });
  });

  test("of a provisioner are merged with a scale set's own options of the same kind, one by one", async () => {
    const [small, big] = (await load(yaml, { environment })).config.scaleSets;
    expect(small?.provisioner).toEqual({ kind: "box", options: { size: 2, image: "plain" } });
    expect(big?.provisioner).toEqual({ kind: "box", options: { size: 9, image: "plain" } });
  });

  test("of waiting times are those of the process; a scale set may have its own; off is off", async () => {
    const { config } = await load(yaml, { environment });
    expect(config.timings).toEqual({ ...defaultTimings, surplusMs: 500 });
    expect(config.scaleSets.map(({ timings }) => timings?.surplusMs)).toEqual([undefined, 9]);
  });

  test("that are wrong are told once, where they stand, however many scale sets have them", async () => {
    const wrong = yaml.replace("size: 2", "size: many").replace("maxRunners: 3\n", "maxRunner: 3\n");
    expect(await errorsOf(() => load(`${wrong}  - name: third\n`, { environment }))).toEqual([
      '3:3: defaults.maxRunner: unknown key "maxRunner"',
      '6:31: defaults.provisioner.box.size: expected a whole number, 1 or more, found "many"',
    ]);
  });

  test("that don't fit a scale set are told at what the scale set says", async () => {
    expect(
      await errorsOf(() => load(yaml.replace("name: small", "name: small\n    minRunners: 4"), { environment })),
    ).toEqual(["10:17: scaleSets[0].minRunners: minRunners (4) is above maxRunners (3)"]);
  });

  test("give way to the other one where a scale set uses an option that excludes theirs, and only there", async () => {
    const host = { environment, findProvisioner: async () => ({ provisioner: processProvisioner }) };
    const processes = `github: { url: https://github.com/acme, token: "\${TOKEN}" }
defaults: { provisioner: { process: { runner: { folder: ./runner }, env: { A: "1" } } } }
scaleSets:
  - name: official
  - { name: own, provisioner: { process: { command: [my-runner] } } }
`;
    const [official, own] = (await load(processes, host)).config.scaleSets;
    expect(official?.provisioner.options).toEqual({ runner: { folder: "./runner" }, env: { A: "1" } });
    expect(own?.provisioner.options).toEqual({ command: ["my-runner"], env: { A: "1" } });
    const both = processes.replace("command:", "runner: { folder: x }, command:");
    expect(await errorsOf(() => load(both, host))).toEqual([expect.stringMatching(/give either "runner"/)]);
  });

  test("of a minimum don't keep a scale set from being paused; its own minimum does", async () => {
    const warm = yaml.replace("maxRunners: 3\n", "maxRunners: 3\n  minRunners: 1\n");
    const paused = warm.replace("maxRunners: 30", "maxRunners: 0");
    const [small, big] = (await load(paused, { environment })).config.scaleSets;
    expect(small).toMatchObject({ minRunners: 1, maxRunners: 3 });
    expect(big).toMatchObject({ minRunners: 0, maxRunners: 0 });
    const own = paused.replace("maxRunners: 0", "maxRunners: 0, minRunners: 2");
    expect(await errorsOf(() => load(own, { environment }))).toEqual([
      expect.stringMatching(/scaleSets\[1\]\.minRunners: minRunners \(2\) is above maxRunners \(0\)$/),
    ]);
  });

  test("may be without a provisioner, but then every scale set needs one", async () => {
    const without = yaml.replace(/ {2}provisioner: .*\n/, "");
    const [issue, ...more] = await issuesOf(() => load(without, { environment }));
    expect(more).toEqual([]);
    expect(issue && formatIssue(issue)).toMatch(
      /scaleSets\[0\]\.provisioner: provisioner is missing\n.*here or under defaults/,
    );
  });
});

describe("targets", () => {
  const yaml = `github:
  url: https://github.com/acme
  app: { clientId: Iv1, installationId: 7, privateKeyCommand: [print-key] }
targets:
  web: { url: https://github.com/acme/web }
  labs: { url: https://github.com/labs }
  ghes: { url: https://ghes.example/team, token: "\${OTHER}" }
defaults: { provisioner: { box: {} } }
scaleSets:
  - name: linux
  - { name: linux, target: web }
  - { name: linux, target: labs }
  - { name: linux, target: ghes }
`;

  test("are places to register that scale sets name; one of the same name in each is another scale set", async () => {
    const { config } = await load(yaml, { environment });
    expect(config.scaleSets.map(({ target }) => target)).toEqual(["github", "web", "labs", "ghes"]);
    expect(Object.keys(config.targets ?? {})).toEqual(["web", "labs", "ghes"]);
  });

  test("share the credential of github on its host; each organization has its own installation of the App", async () => {
    const loaded = await load(yaml, { environment });
    expect(credentialsOf(loaded, "web")).toBe(credentialsOf(loaded));
    expect(credentialsOf(loaded, "labs")).toEqual({ ...credentialsOf(loaded), installationId: undefined });
    expect(tokenOf(loaded, "ghes")).toBe("other");
  });

  test("of another host never get the credential of github", async () => {
    const [issue] = await issuesOf(() => load(yaml.replace(`, token: "\${OTHER}"`, ""), { environment }));
    expect(issue && formatIssue(issue)).toMatch(
      /7:9: targets\.ghes: a credential is missing: that of github is for github\.com alone\n/,
    );
  });

  test("may stand without a place at the top; github is then the common credential", async () => {
    const only = yaml.replace("  url: https://github.com/acme\n", "").replace(/ {2}- name: linux\n/, "");
    const only2 = only.replace(/ {2}ghes: .*\n/, "").replace(/ {2}- .*ghes }\n/, "");
    const { config } = await load(only2, { environment });
    expect(config.github).toBeUndefined();
    expect(config.scaleSets).toHaveLength(2);
    expect(
      await errorsOf(() => load(only, { environment }).then(() => load(`${only}  - name: nowhere\n`, { environment }))),
    ).toEqual([
      expect.stringMatching(
        /scaleSets\[3\]: it is not said where this scale set registers|scaleSets\[3\]\.target: it is not said/,
      ),
    ]);
  });

  test("that are misspelt get a suggestion", async () => {
    const [issue] = await issuesOf(() => load(yaml.replace("target: labs", "target: lbas"), { environment }));
    expect(issue && formatIssue(issue)).toBe(
      'scaleset.yaml:12:28: scaleSets[2].target: there is no target called "lbas"\n  did you mean "labs"?',
    );
  });

  test("that are the same place by other names don't make one scale set two", async () => {
    const same = yaml.replace("https://github.com/labs", "https://GitHub.com/Acme/Web/");
    expect(await errorsOf(() => load(same, { environment }))).toEqual([
      "12:13: scaleSets[2].name: a scale set of this name is in the same runner group already (line 11)",
    ]);
  });

  test("are checked each: URL, credential, keys, all at once", async () => {
    const wrong = yaml
      .replace("https://github.com/acme/web }", "https://github.com/a/b/c, tokn: x }")
      .replace(`token: "\${OTHER}"`, "token: a, tokenFile: b");
    const errors = await errorsOf(() => load(wrong, { environment }));
    expect(errors).toEqual([
      expect.stringMatching(/^5:15: targets\.web\.url: .*its path must be/),
      '5:41: targets.web.tokn: unknown key "tokn"',
      expect.stringMatching(/^7:53: targets\.ghes\.tokenFile: expected one credential, found targets\.ghes\.token and/),
    ]);
  });

  test("with a name that no scale set could give are told so, not what a target is", async () => {
    const wrong = yaml.replace("  web:", "  web front:").replace("target: web", "target: ghes");
    expect(await errorsOf(() => load(wrong, { environment }))).toContainEqual(
      expect.stringMatching(
        /:3: targets\["web front"\]: expected a name of letters, digits, dots, dashes and underscores, found "web front"/,
      ),
    );
  });

  test("can't be called github", async () => {
    expect(
      await errorsOf(() => load(yaml.replace("  web:", "  github:").replace("target: web", "target: github"))),
    ).toContainEqual(expect.stringMatching(/targets\.github: the name github is taken/));
  });

  test("neither here nor there is told as one thing missing", async () => {
    expect(await errorsOf(() => load("scaleSets:\n  - { name: a, provisioner: { box: {} } }\n"))).toEqual([
      "1:1: github: github is missing",
    ]);
  });
});

describe("more scale sets than the pace of their host allows", () => {
  const warnings = async (count: number, limits = ""): Promise<readonly string[]> => {
    const sets = Array.from({ length: count }, (_, index) => `  - { name: s${index}, provisioner: { box: {} } }\n`);
    const yaml = `${limits}github: { url: https://github.com/acme, token: "\${TOKEN}" }\nscaleSets:\n${sets.join("")}`;
    return (await load(yaml, { environment })).warnings.map(({ problem, remedy }) => `${problem}: ${remedy}`);
  };

  test("are warned of, with what to do", async () => {
    const limits = "limits: { requestsPerSecond: 1 }\n";
    expect(await warnings(20, limits)).toEqual([]);
    expect(await warnings(21, limits)).toEqual([
      "21 scale sets on api.github.com need more than 1 requests a second: raise it to 2 or more, or share the sets among daemons (limits.maxScaleSets)",
    ]);
  });

  test("only as far as this daemon holds them at one time", async () => {
    expect(await warnings(21, "limits: { requestsPerSecond: 1, maxScaleSets: 20 }\n")).toEqual([]);
  });
});

describe("a command for a secret", () => {
  test("is taken as program and arguments, run in the folder of the file", async () => {
    const folder = testFolder();
    const yaml = VALID.replace(`token: \${TOKEN}`, "tokenCommand: [vault, read, token]");
    const loaded = await load(yaml, { workingFolder: folder });
    expect(credentialsOf(loaded)).toEqual({ kind: "token", token: { command: ["vault", "read", "token"], folder } });
    expect(loaded.warnings).toEqual([]);
  });

  test("as one text is refused: nobody splits it", async () => {
    const [issue] = await issuesOf(() => load(VALID.replace(`token: \${TOKEN}`, "tokenCommand: vault read token")));
    expect(issue?.problem).toMatch(/^expected a list of at least 1, found /);
    expect(issue?.remedy).toBe("write it as a list: [vault, read, token]");
  });

  test("as one text is not repeated from where a secret may stand", async () => {
    const remedy = async (text: string): Promise<string | undefined> =>
      (await issuesOf(() => load(VALID.replace(`token: \${TOKEN}`, `tokenCommand: ${text}`), { environment })))[0]
        ?.remedy;
    expect(await remedy("print-token --password hunter2")).toBe("write it as a list: [print-token, …]");
    expect(await remedy(`\${OTHER}`)).toBe("write it as a list: [program, argument, …]");
  });

  test("beside a file is one credential too many", async () => {
    const folder = testFolder();
    writeFileSync(join(folder, "t"), "x", { mode: 0o600 });
    const yaml = VALID.replace(`token: \${TOKEN}`, "tokenFile: t\n  tokenCommand: [vault]");
    expect(await errorsOf(() => load(yaml, { workingFolder: folder }))).toEqual([
      "4:3: github.tokenCommand: expected one credential, found github.tokenFile and github.tokenCommand",
    ]);
  });
});
