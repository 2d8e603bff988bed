import { generateKeyPairSync } from "node:crypto";
import type { RunnerKeys } from "@scaleset/simulator";

const jwk = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey.export({ format: "jwk" });
const part = (name: "n" | "e" | "d" | "p" | "q" | "dp" | "dq" | "qi"): string => jwk[name] ?? "";
const key = {
  n: part("n"),
  e: part("e"),
  d: part("d"),
  p: part("p"),
  q: part("q"),
  dp: part("dp"),
  dq: part("dq"),
  qi: part("qi"),
};

/** One small key for every runner: each signs once in its life, and with a key of the usual size that is a tenth of a world's time. */
export const smallRunnerKey: RunnerKeys = { keyOf: () => key };
