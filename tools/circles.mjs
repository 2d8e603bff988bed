// Circles between neighbors: a folder or file that needs another one of the same folder, which needs it back. Files alone are
// held by check-imports; this looks at what a reader sees in `ls`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** @returns {string[]} `packages/x/src: a <-> b`, once a pair, sorted */
export function circlesIn(root, folders) {
  const program = join(root, "node_modules/.bin/depcruise");
  const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...folders];
  const { stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  let modules;
  try {
    modules = JSON.parse(stdout).modules;
  } catch {
    throw new Error(`imports could not be read: ${stderr || stdout}`);
  }
  const arrows = new Set();
  for (const { source, dependencies } of modules) {
    if (!isSource(source)) continue;
    for (const { resolved } of dependencies) {
      if (isSource(resolved)) for (const arrow of between(source, resolved)) arrows.add(arrow);
    }
  }
  const pairs = [...arrows].flatMap((arrow) => {
    const [where, from, to] = arrow.split("|");
    return from < to && arrows.has(`${where}|${to}|${from}`) ? [`${where}: ${from} <-> ${to}`] : [];
  });
  return pairs.sort();
}

function isSource(path) {
  return (
    /(?:^|\/)src\//.test(path) && path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("node_modules")
  );
}

/** The arrow between the two neighbors of the folder that both paths share. */
function between(from, to) {
  const [a, b] = [from.split("/"), to.split("/")];
  let shared = 0;
  while (a[shared] === b[shared] && shared < a.length - 1 && shared < b.length - 1) shared += 1;
  return a[shared] === b[shared] ? [] : [`${a.slice(0, shared).join("/")}|${a[shared]}|${b[shared]}`];
}
