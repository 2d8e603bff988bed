import { fileURLToPath } from "node:url";

/** Path of the simulated runner program: start it with Node, or by itself. */
export const simulatedRunnerPath: string = fileURLToPath(new URL("../../dist/runner/main.js", import.meta.url));
