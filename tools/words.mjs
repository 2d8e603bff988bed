// Words that docs/reference/glossary.md has a better one for, and old spellings: each count may only fall.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Word → what to write. */
export const unwanted = new Map([
  ["tell|tells|told|telling", "report, say, know, distinguish"],
  ["news", "message, update, or what it is"],
  ["nobody|somebody|whoever|anybody", "the one who acts: the caller, the user, no runner"],
  ["mend|mends|mended|mending", "fix"],
  ["anew", "again"],
  ["by chance|chance", "randomness; probability"],
  ["is to go|are to go|was to go", "will be removed, is retired"],
  ["any more", "no longer"],
  ["stands|stood", "is, was"],
  ["dull", "routine"],
  [
    "behaviour|behaviours|recognise|recognised|licence|organisation|organisations|colour|cancelling|honour",
    "American spelling",
  ],
]);

/** @returns {{ word: string, file: string, line: number, text: string }[]} */
export function unwantedWords(root) {
  const files = execFileSync("git", ["ls-files", "*.ts", "*.mjs", "*.md", "*.yaml"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => path !== "" && !path.startsWith("api/") && path !== "tools/words.mjs");
  const patterns = [...unwanted.keys()].map((word) => [word, new RegExp(`\\b(?:${word})\\b`, "gi")]);
  return files.flatMap((file) =>
    readFileSync(join(root, file), "utf8")
      .split("\n")
      .flatMap((text, index) =>
        patterns.flatMap(([word, pattern]) =>
          Array.from(text.matchAll(pattern), () => ({ word, file, line: index + 1, text: text.trim() })),
        ),
      ),
  );
}
