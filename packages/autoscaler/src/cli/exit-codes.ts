/** How `scaleset` ends, for scripts. A number is never used again for something else. */
export const exitCodes = {
  /** Done; for `run`: stopped as asked. */
  ok: { code: 0, meaning: "done; for run: stopped as asked" },
  /** Something that nobody foresaw, or a backend that can't be opened. */
  failed: { code: 1, meaning: "failed; the last line says why" },
  /** Wrong arguments or configuration; for `run`: nothing was started. */
  usage: { code: 2, meaning: "wrong arguments or configuration; for run: nothing was started" },
  /** `demo`: it ran to its end, and a job was lost, ran twice, or ended otherwise than meant, or something was left behind. */
  demoFailed: { code: 3, meaning: "demo: a job went wrong, or something was left behind" },
  /** `demo`: the jobs had not ended in time. */
  demoTimeout: { code: 4, meaning: "demo: not done in time" },
  /** `status`: the daemon runs, and there are errors or warnings. */
  problems: { code: 5, meaning: "status: the daemon runs, and something is wrong; it says what to do" },
  /** `status`: none answers. */
  noDaemon: { code: 6, meaning: "status: no daemon runs" },
  /** The terminal was closed; for `run` from flags: and a signal had come before. */
  hungUp: { code: 129, meaning: "hung up (SIGHUP); for run from flags: by a second signal, without a graceful stop" },
  /** Interrupted (Ctrl-C); for `run`: a second time, before the graceful stop was done. */
  interrupted: { code: 130, meaning: "interrupted; for run: by a second signal, without a graceful stop" },
  /** Like `interrupted`, by SIGTERM. */
  terminated: { code: 143, meaning: "terminated; for run: by a second signal, without a graceful stop" },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]["code"];

/** The table, as `--help` shows it. */
export function exitCodeTable(): string {
  const rows = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ["Exit codes:", ...rows].join("\n");
}
