import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { run, testFolder } from "./program.js";

const contract = pathToFileURL(new URL("../../../provisioner/dist/index.js", import.meta.url).pathname).href;

/** A package beside the config file. */
function install(folder: string, name: string, source: string, entry: object = { exports: "./index.js" }): void {
  const home = join(folder, "node_modules", name);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), JSON.stringify({ name, version: "1.0.0", type: "module", ...entry }));
  writeFileSync(join(home, "index.js"), source);
}

const NOMAD = `import { defineProvisioner } from ${JSON.stringify(contract)};
export const provisioner = defineProvisioner({
  kind: "nomad",
  options: (z) => z.strictObject({ address: z.url().describe("Where Nomad is."), cpu: z.int().min(1).default(2) }),
  open: async () => { throw new Error("not opened by validate"); },
});
`;

async function validate(
  kind: string,
  options: string,
  setUp: (folder: string) => void = () => {},
  args: readonly string[] = ["validate", "scaleset.yaml"],
): Promise<Awaited<ReturnType<typeof run>>> {
  const cwd = testFolder();
  setUp(cwd);
  const yaml = `github: { url: https://github.com/my-org, token: "\${TOKEN}" }
scaleSets:
  - { name: a, provisioner: { "${kind}": ${options} } }
`;
  writeFileSync(join(cwd, "scaleset.yaml"), yaml);
  return await run(args, { cwd, env: { TOKEN: "t" } });
}

test("a package beside the config file is used by its name, and checks its own options", async () => {
  const setUp = (folder: string): void => install(folder, "@acme/scaleset-nomad", NOMAD);
  const good = await validate("@acme/scaleset-nomad", "{ address: https://nomad.example }", setUp);
  expect(good).toMatchObject({ code: 0, stderr: "" });
  const bad = await validate("@acme/scaleset-nomad", "{ adress: https://nomad.example, cpu: 0 }", setUp);
  expect(bad.code).toBe(2);
  expect(bad.stderr).toMatch(/unknown key "adress"\n {2}did you mean "address"\?/);
  expect(bad.stderr).toMatch(/cpu: expected a whole number, 1 or more, found 0/);
});

test("it may give its provisioner as its default export, for importers alone", async () => {
  const source = NOMAD.replace("export const provisioner =", "export default");
  const entry = { exports: { ".": { import: "./index.js" } } };
  const { code } = await validate("scaleset-nomad", "{ address: https://nomad.example }", (folder) =>
    install(folder, "scaleset-nomad", source, entry),
  );
  expect(code).toBe(0);
});

test("its options are in the printed JSON Schema", async () => {
  const { code, stdout } = await validate(
    "@acme/scaleset-nomad",
    "{}",
    (folder) => install(folder, "@acme/scaleset-nomad", NOMAD),
    ["validate", "--schema", "scaleset.yaml"],
  );
  expect(code).toBe(0);
  const { properties } = JSON.parse(stdout).properties.scaleSets.items.properties.provisioner;
  expect(Object.keys(properties)).toEqual(["process", "@acme/scaleset-nomad"]);
  expect(properties["@acme/scaleset-nomad"].properties.address.description).toBe("Where Nomad is.");
});

test.each([
  ["@acme/scaleset-nomad", /"@acme\/scaleset-nomad" is not installed\n {2}npm i @acme\/scaleset-nomad/],
  ["kubernetes", /"kubernetes" is not installed\n {2}npm i @scaleset\/kubernetes/],
  [
    "exec",
    /"exec" is not installed\n {2}use process, docker, kubernetes; where a package of that name is meant: npm i exec/,
  ],
  ["kubernets", /did you mean "kubernetes"\?/],
  ["proces", /did you mean "process"\?/],
  ["fs", /there is no provisioner called "fs"/],
  ["../somewhere", /there is no provisioner called/],
])("%s, which is not installed, is told with what to do", async (kind, words) => {
  const { code, stderr } = await validate(kind, "{}");
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
});

test.each([
  [
    "speaks another version of the contract",
    "export const provisioner = { contract: 2, kind: 'x' };",
    /speaks version 2 of the provisioner contract, this scaleset version 1\n {2}npm i @scaleset\/autoscaler@latest/,
  ],
  [
    "speaks an older one",
    "export const provisioner = { contract: 0 };",
    /speaks version 0 .*\n {2}npm i broken@latest/,
  ],
  ["has no provisioner", "export const something = 1;", /the package broken has no provisioner/],
  [
    "has half a provisioner",
    "export const provisioner = { contract: 1, kind: 'x' };",
    /is not whole\n.*defineProvisioner/,
  ],
  ["fails as it is loaded", "throw new Error('no licence');", /can't be loaded: no licence/],
  ["needs what is not there", "import 'not-there-either';", /can't be loaded: Cannot find package 'not-there-either'/],
])("a package that %s is told in words", async (_, source, words) => {
  const { code, stderr } = await validate("broken", "{}", (folder) => install(folder, "broken", source));
  expect(stderr).toMatch(words);
  expect(code).toBe(2);
});
