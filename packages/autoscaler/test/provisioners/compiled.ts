import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
const NEEDED = [
  "src/async",
  "src/ports",
  "src/provisioners",
  "src/contract",
  "src/state",
  "test/provisioners/programs",
];

export interface Compiled extends Disposable {
  /** Path of a program of `test/provisioners/programs`, as JavaScript. */
  program(name: string): string;
}

/** The sources as JavaScript, so that tests can run them in processes of their own, and kill those. */
export function compileSources(): Compiled {
  // Inside node_modules, so that packages are found from there.
  const out = mkdtempSync(join(PACKAGE, "../../node_modules/.scaleset-compiled-"));
  writeFileSync(join(out, "package.json"), '{ "type": "module" }');
  for (const folder of NEEDED) {
    for (const file of readdirSync(join(PACKAGE, folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
      const { outputText } = ts.transpileModule(readFileSync(join(PACKAGE, folder, file), "utf8"), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
      });
      const target = join(out, folder, file.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, outputText);
    }
  }
  return {
    program: (name) => join(out, "test/provisioners/programs", `${name}.js`),
    [Symbol.dispose]: () => rmSync(out, { recursive: true, force: true }),
  };
}
