import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests run on the sources, so one edit in a package is seen by the tests of all of them, without a build. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@scaleset\/client$/, replacement: source("packages/client/src/index.ts") },
      { find: /^@scaleset\/simulator$/, replacement: source("packages/simulator/src/index.ts") },
      { find: /^@scaleset\/autoscaler$/, replacement: source("packages/autoscaler/src/index.ts") },
      { find: /^@scaleset\/provisioner$/, replacement: source("packages/provisioner/src/index.ts") },
      { find: /^@scaleset\/provisioner\/testing$/, replacement: source("packages/provisioner/src/testing/index.ts") },
      { find: /^@scaleset\/process$/, replacement: source("packages/process/src/index.ts") },
      { find: /^@scaleset\/docker$/, replacement: source("packages/docker/src/index.ts") },
      { find: /^@scaleset\/docker\/host-image$/, replacement: source("packages/docker/src/host-image.ts") },
    ],
  },
  test: {
    globalSetup: ["test/no-processes-left.ts"],
    include: [
      "test/**/*.test.ts",
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "verification/**/*.test.ts",
      "examples/**/*.test.ts",
      "bench/test/**/*.test.ts",
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
});
