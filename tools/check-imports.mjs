// Holds the arrows of .dependency-cruiser.cjs, and proves that the check itself still sees: a checker that reads no
// module reports no violation either.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "node_modules/.bin/depcruise");
const LEAST_MODULES = 100;

/** @returns {{ totalCruised: number, error: number, violations: { rule: { name: string }, from: string, to: string }[] }} */
function cruise(folder) {
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "packages"];
  const run = spawnSync(program, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  try {
    return JSON.parse(run.stdout).summary;
  } catch {
    throw new Error(`the import check did not run: ${run.stderr || run.stdout}`);
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

const real = cruise(root);
for (const { rule, from, to } of real.violations) fail(`${rule.name}: ${from} imports ${to}`);
if (real.totalCruised < LEAST_MODULES) fail(`only ${real.totalCruised} modules were read: the check is blind`);

/** Imports that must be refused, each by the rule that it breaks. */
const planted = {
  "core-is-pure": ["packages/autoscaler/src/core/planted.ts", 'import "node:fs";'],
  "simulator-stands-alone": ["packages/simulator/src/planted.ts", 'import type {} from "../../client/src/target.js";'],
  "provisioner-stands-alone": [
    "packages/provisioner/src/planted.ts",
    'import type {} from "../../client/src/target.js";',
  ],
  "backends-know-the-contract": [
    "packages/process/src/planted.ts",
    'import type {} from "../../client/src/target.js";',
  ],
  engine: ["packages/autoscaler/src/engine/planted.ts", 'import "../provisioners/target.js";'],
};
const garden = mkdtempSync(join(tmpdir(), "scaleset-imports-"));
try {
  for (const file of [".dependency-cruiser.cjs", "tsconfig.imports.json", "tsconfig.base.json"]) {
    cpSync(join(root, file), join(garden, file));
  }
  for (const [path, text] of [
    ...Object.values(planted),
    ["packages/client/src/target.ts", "export {};"],
    ["packages/autoscaler/src/provisioners/target.ts", "export {};"],
  ]) {
    mkdirSync(join(garden, dirname(path)), { recursive: true });
    writeFileSync(join(garden, path), `${text}\n`);
  }
  const { violations } = cruise(garden);
  for (const rule of Object.keys(planted)) {
    if (!violations.some((each) => each.rule.name === rule)) fail(`a planted import that breaks ${rule} was not found`);
  }
} finally {
  rmSync(garden, { recursive: true, force: true });
}
if (process.exitCode !== 1) console.log(`imports: ${real.totalCruised} modules, every arrow as drawn`);
