import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { rules } from "../packages/autoscaler/src/core/decide.js";
import { defaultTimings } from "../packages/autoscaler/src/core/settings.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pages = [
  "README.md",
  "docs/autoscaler.md",
  "docs/client.md",
  "docs/process-provisioner.md",
  "docs/reference/glossary.md",
  "docs/reference/lifecycle.md",
  "docs/reference/protocol.md",
  "docs/reference/runner-protocol.md",
  "ARCHITECTURE.md",
  "packages/autoscaler/README.md",
  "packages/client/README.md",
  "examples/small-autoscaler/README.md",
];

test.each(pages)("every link of %s within the repository leads somewhere", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? "");
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

test("the table of errors has every code there is, and no other", () => {
  const source = ts.createSourceFile("errors.ts", read("packages/client/src/errors.ts"), ts.ScriptTarget.ES2022);
  const codes: string[] = [];
  source.forEachChild((node) => {
    if (!ts.isTypeAliasDeclaration(node) || node.name.text !== "ScaleSetErrorCode") return;
    if (!ts.isUnionTypeNode(node.type)) return;
    for (const each of node.type.types) {
      if (ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal)) codes.push(each.literal.text);
    }
  });
  const [, table = ""] = /## Errors([\s\S]*?)\n## /.exec(read("docs/client.md")) ?? [];
  const told = [...table.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(told.sort()).toEqual(codes.sort());
  expect(codes.length).toBeGreaterThan(20);
});

test("the blocks of the guide compile against the package", () => {
  const blocks = [...read("docs/client.md").matchAll(/<!-- compiles -->\s*```ts\n([\s\S]*?)```/g)];
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  // Inside the repository, so that the package is found as a user's would be.
  const folder = mkdtempSync(join(root, "node_modules", ".docs-"));
  try {
    const files = blocks.map(([, block = ""], index) => {
      const file = join(folder, `block-${index}.mts`);
      writeFileSync(file, block);
      return file;
    });
    const program = ts.createProgram(files, {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
    });
    const problems = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
      const at = file && start !== undefined ? file.text.slice(start, start + 40) : "";
      return `${ts.flattenDiagnosticMessageText(messageText, "\n")} at ${at}`;
    });
    expect(problems).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the guide to the autoscaler has every rule, in the order in which they are asked, with settings that exist", () => {
  const [, table = ""] = /## The rules([\s\S]*?)\n## /.exec(read("docs/autoscaler.md")) ?? [];
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \|[^|]*\|([^|]*)\|$/gm)];
  expect(rows.map(([, rule]) => rule)).toEqual([...rules.keys()]);
  const settings = rows.flatMap(([, , names = ""]) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""));
  expect(settings.filter((name) => !(name in defaultTimings))).toEqual([]);
});
