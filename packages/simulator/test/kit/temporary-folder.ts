import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const made: string[] = [];

// After all tests of a file: a program may still write while the one that started it ends.
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder of this test file's own, gone when that is through. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "simulator-test-"));
  made.push(folder);
  return folder;
}
