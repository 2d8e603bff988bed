// What should become less: each number of tools/ratchets.json may only fall. `npm run ratchets` compares, `-- --write` lowers
// the numbers to today's, `-- --list NAME` prints what is counted.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { circlesIn } from "./circles.mjs";
import { unwanted, unwantedWords } from "./words.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const kept = join(root, "tools/ratchets.json");
const { values } = parseArgs({ options: { write: { type: "boolean" }, list: { type: "string" } } });

/** @returns {Record<string, string[]>} each kind of finding of knip, and where */
function unusedByKnip() {
  const { stdout, stderr } = spawnSync("npx", ["knip", "--reporter", "json", "--no-exit-code"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  let issues;
  try {
    ({ issues } = JSON.parse(stdout));
  } catch {
    throw new Error(`knip did not run: ${stderr || stdout}`);
  }
  const found = { "unused files": [], "unused exports": [], "dependencies not in order": [] };
  for (const { file, ...kinds } of issues) {
    for (const [kind, list] of Object.entries(kinds)) {
      if (!Array.isArray(list)) continue;
      const name =
        kind === "files"
          ? "unused files"
          : /export|type|member|duplicate/i.test(kind)
            ? "unused exports"
            : "dependencies not in order";
      for (const each of list) found[name].push(`${file}: ${each.name ?? kind}`);
    }
  }
  return found;
}

/** Types that a public type mentions and no entry of its package exports, as the reports in `api/` have them. */
function hiddenTypes() {
  const reports = readdirSync(join(root, "api")).map((file) => ({
    file,
    packageName: file.split(/[-.]/)[0],
    text: readFileSync(join(root, "api", file), "utf8"),
  }));
  return reports.flatMap(({ file, packageName, text }) => {
    const exported = reports.filter((each) => each.packageName === packageName).map((each) => each.text);
    return Array.from(text.matchAll(/\(ae-forgotten-export\) The symbol "(\w+)"/g), ([, name]) => name)
      .filter(
        (name) =>
          !exported.some((each) =>
            new RegExp(`^export .*\\b(?:type|interface|class|function|const) ${name}\\b`, "m").test(each),
          ),
      )
      .map((name) => `${file}: ${name}`);
  });
}

const words = unwantedWords(root);
const counted = {
  "circles between neighbors": circlesIn(root, ["packages", "verification", "bench"]),
  ...unusedByKnip(),
  "types that a public type mentions, not exported": hiddenTypes(),
  ...Object.fromEntries(
    [...unwanted.keys()].map((word) => [
      `words: ${word}`,
      words.filter((each) => each.word === word).map(({ file, line, text }) => `${file}:${line}: ${text}`),
    ]),
  ),
};

const now = Object.fromEntries(Object.entries(counted).map(([name, list]) => [name, list.length]));
const limits = JSON.parse(readFileSync(kept, "utf8"));
if (values.list !== undefined) {
  for (const [name, list] of Object.entries(counted)) if (name.startsWith(values.list)) console.log(list.join("\n"));
} else if (values.write) {
  const risen = Object.keys(now).filter((name) => now[name] > (limits[name] ?? Number.POSITIVE_INFINITY));
  if (risen.length > 0) throw new Error(`these rose and stay as they were: ${risen.join(", ")}`);
  writeFileSync(kept, `${JSON.stringify(now, undefined, 2)}\n`);
} else {
  for (const [name, count] of Object.entries(now)) {
    const limit = limits[name];
    if (limit === undefined || count > limit) {
      const advice = unwanted.get(name.replace("words: ", ""));
      console.error(
        `${name}: ${count}, at most ${limit ?? "(no limit yet)"}${advice === undefined ? "" : ` (write: ${advice})`}. See: npm run ratchets -- --list "${name}"`,
      );
      process.exitCode = 1;
    } else if (count < limit) {
      console.log(
        `${name}: ${count}, fewer than the ${limit} of tools/ratchets.json. Keep that: npm run ratchets -- --write`,
      );
    }
  }
  if (process.exitCode !== 1) console.log(`ratchets: ${Object.keys(now).length} numbers, none rose`);
}
