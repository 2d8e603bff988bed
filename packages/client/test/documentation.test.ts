import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const SOURCES = fileURLToPath(new URL("../src/", import.meta.url));
const INDEX = `${SOURCES}index.ts`;

/** What examples may use without saying where it comes from. */
const SURROUNDINGS = `
declare const client: api.ScaleSetClient;
declare const session: api.MessageSession;
declare const listener: api.Listener;
declare const set: api.RunnerScaleSet;
declare const group: api.RunnerGroup;
declare const signal: AbortSignal;
declare const error: unknown;
declare const clientId: string;
declare const privateKey: string;
declare const token: string;
declare function scaleTo(runners: number): Promise<void>;
`;

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

interface Member {
  readonly name: string;
  readonly symbol: ts.Symbol;
}

const documented = ts.createProgram([INDEX], options);
const checker = documented.getTypeChecker();

/** Every exported name, and every member that a caller can name. */
function published(): readonly Member[] {
  const index = documented.getSourceFile(INDEX);
  const module = index && checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error("the index is no module");
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    return [{ name: exported.name, symbol }, ...membersOf(exported.name, symbol)];
  });
}

function membersOf(owner: string, symbol: ts.Symbol): readonly Member[] {
  const types = (symbol.declarations ?? []).flatMap((declaration): ts.Type[] => {
    if (ts.isClassDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)) {
      return [checker.getDeclaredTypeOfSymbol(symbol)];
    }
    if (ts.isTypeAliasDeclaration(declaration)) return [checker.getTypeAtLocation(declaration)];
    if (!ts.isVariableDeclaration(declaration)) return [];
    const named = declaration.type !== undefined && ts.isTypeReferenceNode(declaration.type);
    return named ? [] : [checker.getTypeOfSymbol(symbol)];
  });
  const members = types
    .flatMap((type) => (type.isUnion() ? type.types : [type]))
    .flatMap((type) => type.getProperties());
  return members.filter(isOurs).map((member) => ({ name: `${owner}.${member.name}`, symbol: member }));
}

/** Written in this package, for callers; what has a well-known symbol for a name says what it does by it. */
function isOurs(member: ts.Symbol): boolean {
  const declaration = member.declarations?.[0];
  if (declaration === undefined || !declaration.getSourceFile().fileName.startsWith(SOURCES)) return false;
  const name = ts.getNameOfDeclaration(declaration);
  if (name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)) return false;
  return !tagsOf(member).includes("internal");
}

function textOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
}

function tagsOf(symbol: ts.Symbol): readonly string[] {
  return symbol.getJsDocTags(checker).map(({ name }) => name);
}

describe("the documentation", () => {
  const all = published();

  test("has something to say about every exported name, and every member of it", () => {
    expect(all.length).toBeGreaterThan(250);
    expect(all.filter(({ symbol }) => textOf(symbol) === "").map(({ name }) => name)).toEqual([]);
  });

  test("says of every option what happens without it", () => {
    const optional = all.filter(
      ({ name, symbol }) =>
        /^\w*(Options|Policy|Timings|NewRunnerScaleSet|SystemInfo)\./.test(name) && canBeLeftOut(symbol),
    );
    expect(optional.length).toBeGreaterThan(40);
    expect(optional.filter(({ symbol }) => !tagsOf(symbol).includes("default")).map(({ name }) => name)).toEqual([]);
  });

  test("says in what unit every duration and size is", () => {
    const measured = all.filter(({ name }) => /(?:Ms|Bytes)$/.test(name));
    expect(measured.length).toBeGreaterThan(20);
    expect(measured.filter(({ symbol }) => !tagsOf(symbol).includes("unit")).map(({ name }) => name)).toEqual([]);
  });

  test("says of every call how it fails", () => {
    const calls = all.filter(
      ({ name, symbol }) => /^(ScaleSetClient|MessageSession|Listener)\./.test(name) && isCall(symbol),
    );
    expect(calls.length).toBeGreaterThan(20);
    expect(calls.filter(({ symbol }) => !tagsOf(symbol).includes("throws")).map(({ name }) => name)).toEqual([]);
  });

  test("explains every error code", () => {
    const codes = all.find(({ name }) => name === "ScaleSetErrorCode")?.symbol;
    const type = codes && checker.getDeclaredTypeOfSymbol(codes);
    if (codes === undefined || !type?.isUnion()) throw new Error("there are no codes");
    const literals = type.types.flatMap((literal) => (literal.isStringLiteral() ? [literal.value] : []));
    expect(literals.length).toBeGreaterThan(20);
    expect(literals.filter((code) => !textOf(codes).includes(`\`${code}\``))).toEqual([]);
  });

  test("has examples that compile", () => {
    const examples = new Map(examplesOf(all.map(({ name }) => name).filter((name) => !name.includes("."))));
    expect(examples.size).toBeGreaterThan(8);
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists } = host;
    host.fileExists = (path) => examples.has(path) || fileExists(path);
    host.getSourceFile = (path, ...rest) => {
      const text = examples.get(path);
      return text === undefined
        ? (documented.getSourceFile(path) ?? getSourceFile(path, ...rest))
        : ts.createSourceFile(path, text, ts.ScriptTarget.ES2023);
    };
    const program = ts.createProgram([...examples.keys()], options, host);
    const problems = [...examples.keys()].flatMap((path) => {
      const file = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
      );
    });
    expect(problems).toEqual([]);
  });
});

function canBeLeftOut(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Optional) !== 0;
}

function isCall(symbol: ts.Symbol): boolean {
  const declaration = symbol.valueDeclaration;
  if (declaration === undefined || !ts.isMethodDeclaration(declaration)) return false;
  const answers = checker
    .getTypeOfSymbol(symbol)
    .getCallSignatures()
    .map((signature) => signature.getReturnType());
  return answers.some(({ symbol: answer }) => /^(Promise|Async\w+)$/.test(answer?.name ?? ""));
}

/** Each block of TypeScript in a doc comment of the sources, as a module: by the path it would have. */
function* examplesOf(exported: readonly string[]): Generator<readonly [string, string]> {
  for (const file of documented.getSourceFiles()) {
    if (!file.fileName.startsWith(SOURCES)) continue;
    for (const [index, [, block = ""]] of [...file.text.matchAll(/ \* ```ts\n(.*?) \* ```/gs)].entries()) {
      const code = block.replaceAll(/^ *\* ?/gm, "");
      const imports = [...code.matchAll(/^import .*;$/gm)].map(([line]) => line);
      const path = file.fileName.replace(/\.ts$/, `.example-${index}.ts`);
      const from = JSON.stringify(INDEX.replace(/\.ts$/, ".js"));
      const missing = exported.filter((name) => !imports.some((line) => new RegExp(`\\b${name}\\b`).test(line)));
      const head = `import { ${missing.join(", ")} } from ${from};\nimport type * as api from ${from};\n${SURROUNDINGS}`;
      const ours = imports.map((line) => line.replace('"@scaleset/client"', from));
      const body = code.replaceAll(/^import .*;$/gm, "");
      yield [path, `${ours.join("\n")}\n${head}\nexport async function example() {\n${body}\n}\n`];
    }
  }
}
