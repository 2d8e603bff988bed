import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../../src/cli/exit-codes.js";
import { run, testFolder } from "./program.js";

const CONFIG = `github: { url: https://github.com/my-org, token: "\${TOKEN}" }
scaleSets:
  - name: linux-x64
    maxRunners: 0
    provisioner: { process: { runner: { folder: ./runner } } }
`;

function configFile(text: string): { readonly file: string; readonly cwd: string } {
  const cwd = testFolder();
  writeFileSync(join(cwd, "scaleset.yaml"), text);
  return { file: "scaleset.yaml", cwd };
}

test("help lists the commands and what every exit code means", async () => {
  const { code, stdout } = await run(["--help"]);
  expect(code).toBe(0);
  for (const command of ["run", "validate", "demo"]) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, "m"));
  for (const { code: documented, meaning } of Object.values(exitCodes))
    expect(stdout).toContain(`${documented}  ${meaning}`);
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

describe("wrong arguments end with 2 and say what is wrong", () => {
  test.each([
    ["no command", [], /Usage: scaleset/],
    ["an unknown command", ["valdate"], /Did you mean validate\?/],
    ["an unknown flag", ["run", "--max-runner", "3"], /Did you mean --max-runners\?/],
    ["a number that is none", ["demo", "--jobs", "many"], /--jobs.*expected a whole number/],
    [
      "a file beside flags",
      ["run", "--config", "a.yaml", "--max-runners", "3"],
      /^--max-runners: expected either --config or flags/,
    ],
    [
      "flags that are not enough",
      ["run", "--url", "https://github.com/my-org"],
      /SCALESET_TOKEN[\s\S]*^--name: is required/m,
    ],
  ])("%s", async (_, args, text) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toMatch(text);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

test.each([
  ["run", "1 problem found; nothing was started."],
  ["status", "1 problem found."],
])(
  "%s with a wrong config counts its problems, and speaks of starting only where something starts",
  async (command, end) => {
    const { file, cwd } = configFile(CONFIG.replaceAll('"', ""));
    const { code, stderr } = await run([command, "--config", file], { cwd, env: { TOKEN: "t" } });
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(end);
  },
);

describe("validate", () => {
  test("calls a good file valid, and warns on standard error", async () => {
    const { file, cwd } = configFile(CONFIG);
    const { code, stdout, stderr } = await run(["validate", file], { cwd, env: { TOKEN: "t" } });
    expect(stdout).toBe("scaleset.yaml is valid: 1 scale set at https://github.com/my-org\n");
    expect(stderr).toMatch(
      /^warning: scaleset\.yaml:4:17: scaleSets\[0\]\.maxRunners: this scale set is not polled and takes no jobs/,
    );
    expect(code).toBe(0);
  });

  test("names every wrong place with file, line and column", async () => {
    const { file, cwd } = configFile(CONFIG.replace("maxRunners", "maxRuners").replace("folder", "foldr"));
    const { code, stderr } = await run(["validate", file], { cwd });
    expect(stderr).toMatch(/^scaleset\.yaml:1:51: github\.token: the environment variable TOKEN is not set$/m);
    expect(stderr).toMatch(
      /^scaleset\.yaml:4:5: scaleSets\[0\]\.maxRuners: unknown key "maxRuners"\n {2}did you mean "maxRunners"\?$/m,
    );
    expect(stderr).toMatch(/^scaleset\.yaml:5:41: .*unknown key "foldr"\n {2}did you mean "folder"\?$/m);
    // Nothing would have been started, and a daemon may well run.
    expect(stderr).toMatch(/^3 problems found\.\n$/m);
    expect(code).toBe(2);
  });

  test("tells the same to programs as one line of JSON", async () => {
    const { file, cwd } = configFile(CONFIG.replace("linux-x64", "7"));
    const { code, stdout } = await run(["validate", "--json", file], { cwd, env: { TOKEN: "t" } });
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      errors: [{ place: { kind: "file", file: "scaleset.yaml", line: 3, column: 11 }, path: ["scaleSets", 0, "name"] }],
    });
    expect(code).toBe(2);
  });
});
