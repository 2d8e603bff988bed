import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Started {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves once the output (both streams) matches, and rejects when the program ends before. */
  says(pattern: RegExp): Promise<void>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts the built program as a user does. It is ended with the test, if it is still there. */
export function start(
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly main?: readonly string[];
  } = {},
): Started {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [...(options.main ?? [MAIN]), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: options.cwd,
    env: { PATH, HOME, ...options.env },
  });
  const texts = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const says = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(texts.stdout + texts.stderr)) return;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
      void ended.then((code) =>
        reject(new Error(`ended with ${code} before it said ${pattern}:\n${texts.stdout}${texts.stderr}`)),
      );
    });
  return { process: child, stdout: () => texts.stdout, stderr: () => texts.stderr, says, ended };
}

/** Runs the program to its end. */
export async function run(
  args: readonly string[],
  options: Parameters<typeof start>[1] = {},
): Promise<{ readonly code: number | NodeJS.Signals | null; readonly stdout: string; readonly stderr: string }> {
  const started = start(args, options);
  const code = await started.ended;
  return { code, stdout: started.stdout(), stderr: started.stderr() };
}

/** A folder of its own for one test, removed afterwards. */
export function testFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-cli-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
