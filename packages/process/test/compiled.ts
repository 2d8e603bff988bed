import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Compiled extends Disposable {
  /** Path of a program of the test folder's `programs`, as JavaScript. */
  program(name: string): string;
}

/**
 * The sources of some folders as JavaScript, so that tests can run them in processes of their own, and kill those. Other
 * packages are loaded as they were built.
 */
export function compileSources(folders: readonly string[], programs: string): Compiled {
  // Inside node_modules, so that packages are found from there.
  const out = mkdtempSync(join(ROOT, "node_modules/.scaleset-compiled-"));
  writeFileSync(join(out, "package.json"), '{ "type": "module" }');
  for (const folder of [...folders, programs]) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
      const { outputText } = ts.transpileModule(readFileSync(join(ROOT, folder, file), "utf8"), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
      });
      const target = join(out, folder, file.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
  return {
    program: (name) => join(out, programs, `${name}.js`),
    [Symbol.dispose]: () => rmSync(out, { recursive: true, force: true }),
  };
}
