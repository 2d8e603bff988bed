import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: unknown;

/** Frees everything that nothing refers to, so that what is left can be looked at. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc");
    setFlagsFromString("--no-expose-gc");
  }
  if (typeof collect === "function") collect();
}
