// `npm run check:packages`: packs each package, lints the tarball, installs it alone, imports it, and type checks a user of it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = ["client", "simulator", "provisioner", "process", "autoscaler", "docker"];
const folder = mkdtempSync(join(tmpdir(), "scaleset-packages-"));
const problems = [];
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** ESM only, on purpose: what is missed are ways to load it that it does not offer. */
const ACCEPTED = new Set(["CJSResolvesToESM"]);

try {
  const tarballs = new Map();
  for (const name of names) {
    const [packed] = JSON.parse(
      npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], join(root, "packages", name)),
    );
    const tarball = join(folder, basename(packed.filename));
    tarballs.set(name, tarball);
    const data = readFileSync(tarball);
    const say = (what) => problems.push(`@scaleset/${name}: ${what}`);
    const files = packed.files.map(({ path }) => path);
    for (const needed of ["README.md", "LICENSE", "package.json"])
      if (!files.includes(needed)) say(`${needed} is missing`);
    for (const path of files)
      if (/\.test\.|\.tsbuildinfo$|^src\/|\.map$/.test(path)) say(`${path} does not belong there`);
    const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
    const { messages } = await publint({
      pack: { tarball: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) },
      strict: true,
    });
    for (const message of messages) say(formatMessage(message, manifest) ?? message.code);
    const { problems: types } = await checkPackage(createPackageFromTarballData(data));
    for (const problem of types ?? []) {
      const old = problem.resolutionKind === "node10";
      if (!ACCEPTED.has(problem.kind) && !old) say(`types: ${JSON.stringify(problem)}`);
    }
    console.log(`@scaleset/${name}: ${files.length} files, ${Math.round(packed.unpackedSize / 1024)} KiB`);
  }

  const alone = mkdtempSync(join(folder, "alone-"));
  writeFileSync(join(alone, "package.json"), '{"private":true,"type":"module"}');
  npm(["install", "--no-audit", "--no-fund", tarballs.get("client")], alone);
  const installed = readdirSync(join(alone, "node_modules")).filter((each) => !each.startsWith("."));
  if (installed.sort().join() !== "@scaleset,undici") problems.push(`the client brings ${installed.join(", ")}`);

  const backendAlone = mkdtempSync(join(folder, "docker-"));
  writeFileSync(join(backendAlone, "package.json"), '{"private":true,"type":"module"}');
  npm(["install", "--no-audit", "--no-fund", tarballs.get("provisioner"), tarballs.get("docker")], backendAlone);
  const ours = readdirSync(join(backendAlone, "node_modules/@scaleset")).sort().join();
  if (ours !== "docker,provisioner") problems.push(`@scaleset/docker brings ${ours}`);
  const brought = readdirSync(join(backendAlone, "node_modules"));
  for (const unneeded of ["hono", "commander", "pino", "yaml", "undici"])
    if (brought.includes(unneeded)) problems.push(`@scaleset/docker brings ${unneeded}`);

  const together = mkdtempSync(join(folder, "together-"));
  writeFileSync(join(together, "package.json"), '{"private":true,"type":"module"}');
  npm(["install", "--no-audit", "--no-fund", ...tarballs.values()], together);
  for (const [where, packages] of [
    [alone, ["@scaleset/client"]],
    [
      together,
      [
        "@scaleset/client",
        "@scaleset/simulator",
        "@scaleset/autoscaler",
        "@scaleset/provisioner",
        "@scaleset/provisioner/testing",
        "@scaleset/process",
        "@scaleset/docker",
        "@scaleset/docker/host-image",
      ],
    ],
  ]) {
    const lines = packages.map(
      (each, index) =>
        `import * as package${index} from "${each}";\nif (Object.keys(package${index}).length === 0) throw new Error("${each} is empty");`,
    );
    writeFileSync(join(where, "user.mts"), lines.join("\n"));
    writeFileSync(join(where, "user.mjs"), lines.join("\n"));
    execFileSync(process.execPath, ["user.mjs"], { cwd: where, stdio: "inherit" });
    for (const [module, resolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ]) {
      const options = [
        "--noEmit",
        "--strict",
        "--exactOptionalPropertyTypes",
        "--target",
        "es2023",
        "--lib",
        "es2023,esnext.disposable,dom",
        "--types",
        "node",
        "--typeRoots",
        join(root, "node_modules/@types"),
      ];
      try {
        execFileSync(
          process.execPath,
          [
            join(root, "node_modules/typescript/bin/tsc"),
            ...options,
            "--module",
            module,
            "--moduleResolution",
            resolution,
            "user.mts",
          ],
          { cwd: where, encoding: "utf8" },
        );
      } catch (error) {
        problems.push(
          `${packages[0]} does not type check for a user (${resolution}): ${String(error.stdout).slice(0, 1_500)}`,
        );
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(`error: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log("packages: nothing to complain about");
