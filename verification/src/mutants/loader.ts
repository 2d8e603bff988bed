import { readFileSync } from "node:fs";
import type { LoadFnOutput, LoadHookContext } from "node:module";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { mutate } from "./mutant.js";
import { mutantNamed } from "./mutants.js";

const ROOT = new URL("../../../", import.meta.url);

const mutant = mutantNamed(process.env["MUTANT"] ?? "");
const source = new URL(mutant.file, ROOT);
/** The built file that the source becomes. */
const built = new URL(mutant.file.replace("/src/", "/dist/").replace(/\.ts$/, ".js"), ROOT).href;

/** A module loader hook: where the mutant's file is asked for, its source is changed and compiled. */
export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context?: LoadHookContext) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  if (url !== built) return await next(url, context);
  const changed = mutate(readFileSync(fileURLToPath(source), "utf8"), mutant);
  const { outputText } = ts.transpileModule(changed, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  });
  return { format: "module", source: outputText, shortCircuit: true };
}
