// `npm run test:runtimes`: the packed client's smoke test on Node 20, 22, 24 and 26 and on Bun, and the client's own tests on
// each Node. The runtimes come from the npm registry: packages `node` and `bun`.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "scaleset-runtimes-"));
const asked = process.argv.slice(2);
const runtimes = asked.length > 0 ? asked : ["node@20", "node@22", "node@24", "node@26", "bun@1"];
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
let failed = 0;

const simulator = spawn(
  process.execPath,
  [join(root, "packages/simulator/bin/scaleset-simulator.js"), "--port", "0", "--json"],
  {
    stdio: ["ignore", "pipe", "inherit"],
  },
);
try {
  const { configUrl, token } = await new Promise((resolve, reject) => {
    simulator.stdout.once("data", (line) => resolve(JSON.parse(String(line))));
    simulator.once("exit", (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
  const user = join(folder, "user");
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], join(root, "packages/client")),
  );
  run("npm", ["install", "--no-audit", "--no-fund", "--prefix", user, join(folder, basename(packed.filename))], folder);
  writeFileSync(join(user, "package.json"), '{"private":true,"type":"module"}');
  copyFileSync(join(root, "tools/smoke.mjs"), join(user, "smoke.mjs"));

  for (const runtime of runtimes) {
    const startedAt = performance.now();
    const place = join(folder, runtime.replace("@", "-"));
    const [name] = runtime.split("@");
    const binary = join(place, "node_modules", name, "bin", name === "bun" ? "bun.exe" : "node");
    try {
      run("npm", ["install", "--no-audit", "--no-fund", "--prefix", place, runtime], folder);
      if (!existsSync(binary)) throw new Error(`${runtime} has no ${basename(binary)} for this machine`);
    } catch (error) {
      console.error(`NOT RUN: ${runtime} can't be had: ${String(error.stderr ?? error.message).slice(0, 300)}`);
      // Bun has no build for every processor; a Node that is missing is a failure.
      if (name === "node" || process.env.CI) failed += 1;
      continue;
    }
    try {
      console.log(run(binary, ["smoke.mjs", configUrl, token], user).trim());
      if (name === "node") {
        const tests = run(
          binary,
          [join(root, "node_modules/vitest/vitest.mjs"), "run", "packages/client", "--reporter=dot"],
          root,
        );
        console.log(`${runtime}: ${/Tests .*/.exec(stripVTControlCharacters(tests))?.[0]}`);
      }
      console.log(`${runtime}: ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED on ${runtime}:\n${error.stdout}\n${error.stderr}`);
    }
  }
} finally {
  simulator.kill();
  rmSync(folder, { recursive: true, force: true });
}
if (failed > 0) process.exitCode = 1;
