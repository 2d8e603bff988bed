// The public types of each package, as a report that is kept in `api/`: a change of the surface is seen in review.
// `npm run api` writes the reports, `npm run api -- --check` fails where one differs.
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
const reports = join(root, "api");
mkdirSync(reports, { recursive: true });

/** @returns {{ name: string, folder: string, types: string }[]} one for each public entry of each package */
function entries() {
  return readdirSync(join(root, "packages")).flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"));
    return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) =>
      typeof target === "object" && target.types !== undefined
        ? [{ name: [folder, ...path.split("/").slice(1)].join("-"), folder, types: target.types }]
        : [],
    );
  });
}

let differs = 0;
for (const { name, folder, types } of entries()) {
  const projectFolder = join(root, "packages", folder);
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, types),
      compiler: { tsconfigFilePath: join(projectFolder, "tsconfig.json") },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: reports,
        reportTempFolder: join(root, "node_modules/.cache/api"),
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "none" } },
        extractorMessageReporting: {
          default: { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "none", addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    configObjectFullPath: join(projectFolder, "package.json"),
    packageJsonFullPath: join(projectFolder, "package.json"),
  });
  const result = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: (message) => {
      message.handled = message.logLevel !== "error";
    },
  });
  if (!result.apiReportChanged) continue;
  differs += 1;
  console.log(
    `${basename(config.reportFilePath)} ${check ? "differs: run `npm run api` and review what changed" : "written"}`,
  );
}
if (check && differs > 0) process.exitCode = 1;
else console.log(`api: ${entries().length} reports, ${differs === 0 ? "none differs" : `${differs} written`}`);
