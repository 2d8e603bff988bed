import { execFile } from "node:child_process";

/** @unit milliseconds */
const PATIENCE_MS = 10_000;

export interface Outcome {
  /** Undefined when it could not be started, or did not end in time. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The system's name for why it could not be started, like `ENOENT`. */
  readonly errno: string | undefined;
}

/** Runs a small program of the system to its end, in English. Never rejects. */
export function runProgram(program: string, args: readonly string[], timeoutMs = PATIENCE_MS): Promise<Outcome> {
  return new Promise((resolve) => {
    const { PATH = "" } = process.env;
    const env = { LC_ALL: "C", TZ: "UTC", PATH: `${PATH}:/usr/sbin:/usr/bin:/sbin:/bin` };
    const options = { encoding: "utf8", timeout: timeoutMs, env, maxBuffer: 16_777_216, cwd: "/" } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
      const errno = typeof error?.code === "string" ? error.code : undefined;
      resolve({ code, stdout, stderr, errno });
    });
  });
}
