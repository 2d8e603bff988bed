import { fileURLToPath } from "node:url";
import { mergeConfig } from "vitest/config";
import base from "../vitest.config.js";
import { mutate } from "./src/mutants/mutant.js";
import { mutantNamed } from "./src/mutants/mutants.js";

/** The unit tests with one thing done wrong: the mutant named in the environment. */
const mutant = mutantNamed(process.env["MUTANT"] ?? "");
const file = fileURLToPath(new URL(`../${mutant.file}`, import.meta.url));

export default mergeConfig(base, {
  root: fileURLToPath(new URL("..", import.meta.url)),
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      transform: (code: string, id: string) => (id.split("?")[0] === file ? mutate(code, mutant) : undefined),
    },
  ],
});
