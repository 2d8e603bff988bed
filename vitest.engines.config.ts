import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

/** `npm run test:engines`: what needs a container engine. One file after the other: an engine is one machine. */
export default defineConfig({
  resolve: base.resolve ?? {},
  test: {
    include: ["packages/*/test/engine/**/*.engine.ts", "examples/**/*.engine.ts"],
    globalSetup: ["packages/docker/test/engine/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
