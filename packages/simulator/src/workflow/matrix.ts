import { isSeq, type Node } from "yaml";
import type { Located } from "./located.js";

/** One combination of a matrix: names and values, as text. */
export type Combination = Readonly<Record<string, string>>;

/**
 * Every combination of a matrix: the product of its lists, less what `exclude` names, and with `include` added, which
 * widens those combinations that it does not contradict, and is one of its own where there is none.
 */
export function combinationsOf(located: Located, node: Node | null, path: string): Combination[] {
  let product: Combination[] = [{}];
  let include: Combination[] = [];
  let exclude: Combination[] = [];
  let axes = 0;
  for (const { key, value } of located.entries(node, path)) {
    const at = `${path}.${key}`;
    if (!isSeq<Node>(value) || value.items.length === 0) {
      located.wrong(value, at, "must be a list with at least one value");
      continue;
    }
    if (key === "include") include = value.items.map((item, i) => record(located, item, `${at}[${i}]`));
    else if (key === "exclude") exclude = value.items.map((item, i) => record(located, item, `${at}[${i}]`));
    else {
      axes += 1;
      const values = value.items.map((item, i) => located.text(item, `${at}[${i}]`));
      product = product.flatMap((combination) => values.map((text) => ({ ...combination, [key]: text })));
    }
  }
  if (axes === 0) product = [];
  const original = product.filter((combination) => !exclude.some((without) => agrees(combination, without)));
  const added: Combination[] = [];
  const widened = original.map((combination) => ({ ...combination }));
  for (const extra of include) {
    const fitting = original.flatMap((combination, i) =>
      Object.entries(extra).every(([name, value]) => (combination[name] ?? value) === value) ? [i] : [],
    );
    if (fitting.length === 0) added.push(extra);
    for (const i of fitting) Object.assign(widened[i] ?? {}, extra);
  }
  const all = [...widened, ...added];
  if (all.length === 0) located.wrong(node, path, "has no combination");
  if (all.length > 256) located.wrong(node, path, "has more than 256 combinations");
  return all;
}

function record(located: Located, node: Node, path: string): Combination {
  return Object.fromEntries(
    located.entries(node, path).map(({ key, value }) => [key, located.text(value, `${path}.${key}`)]),
  );
}

function agrees(combination: Combination, pattern: Combination): boolean {
  return Object.entries(pattern).every(([name, value]) => combination[name] === value);
}
