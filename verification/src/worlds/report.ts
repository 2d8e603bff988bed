import { expected, shownElsewhere } from "./expected.js";
import { type Tally, type TallyKind, tallyKinds } from "./tally.js";
import type { WorldReport } from "./world.js";

const titles: Record<TallyKind, string> = {
  world: "worlds",
  failure: "failures that took effect",
  rule: "rules that took effect",
  command: "commands, by what became of them",
  check: "checks that had something to look at",
  outcome: "what became of jobs",
  broken: "invariants that broke",
};

/** How often everything happened, those that never did among them. */
export function coverage(tally: Tally): string {
  const lines: string[] = [];
  for (const kind of tallyKinds) {
    lines.push("", titles[kind]);
    const names = [...new Set([...expected[kind], ...tally.names(kind)])].sort(byRow);
    for (const name of names) lines.push(`${String(tally.get(kind, name)).padStart(9)}  ${name}`);
  }
  return [...lines, "", "shown elsewhere", ...shownElsewhere.map((line) => `           ${line}`), ""].join("\n");
}

export function neverHappened(tally: Tally): string[] {
  return tallyKinds.flatMap((kind) =>
    expected[kind].filter((name) => tally.get(kind, name) === 0).map((name) => `${kind} "${name}"`),
  );
}

/** A broken world: its number, what did not hold, what led to it, and how to see it again. */
export function storyOf({ seed, world, broken, excerpt }: WorldReport): string {
  if (broken === undefined) return "";
  return [
    "",
    `seed ${seed} (${world}) broke ${broken.invariant} at ${broken.atMs} ms: ${broken.message}`,
    ...excerpt.map((line) => `  ${line.length > 300 ? `${line.slice(0, 300)}…` : line}`),
    `again: npm run simulate -- --seeds ${seed} --world ${world}`,
    "",
  ].join("\n");
}

/** F2 before F10. */
function byRow(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
