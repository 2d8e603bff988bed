import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clock } from "../time/clock.js";
import type { Conclusion, JobRequest } from "./job-request.js";
import type { Worker } from "./listening.js";

/** How long a step has to obey each signal when its job is cancelled, as in the official runner. @unit milliseconds */
const interruptGraceMs = 7_500;
/** How long the rest of a step's output may take after its end. @unit milliseconds */
const outputGraceMs = 500;
const terminateGraceMs = 2_500;

/** Runs the steps of a job with `sh -e`, one after the other, in a work folder of its own. */
export function shellWorker(options: {
  readonly root: string;
  readonly runnerName: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Gets what a step prints. */
  readonly onOutput?: ((stepId: string, text: string) => void) | undefined;
}): Worker {
  return async (job, { signal }) => {
    const workspace = resolve(options.root, options.runnerName, "workspace");
    mkdirSync(workspace, { recursive: true });
    const environment = { ...options.environment, ...variablesOf(job, { workspace, runnerName: options.runnerName }) };
    for (const [index, step] of job.steps.entries()) {
      const file = join(workspace, "..", `step_${index + 1}.sh`);
      writeFileSync(file, `${step.script}\n`);
      const child = spawn("sh", ["-e", file], {
        cwd: workspace,
        env: { ...environment, ...step.env },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      for (const [from, to] of [
        [child.stdout, process.stdout],
        [child.stderr, process.stderr],
      ] as const) {
        from?.setEncoding("utf8").on("data", (text: string) => {
          to.write(text);
          options.onOutput?.(step.id, text);
        });
      }
      const conclusion = await conclusionOf(child, { signal, clock: options.clock });
      if (conclusion !== "succeeded") return conclusion;
    }
    return "succeeded";
  };
}

async function conclusionOf(
  child: ChildProcess,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<Conclusion> {
  const ended = new AbortController();
  const stop = (): void => {
    void interrupt(child, { clock, signal: ended.signal });
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (value) => resolve(value));
    // What a step left running in the background may hold its output open; that is not waited for.
    child.once("exit", (value) => {
      clock.sleep(outputGraceMs).then(
        () => resolve(value),
        () => undefined,
      );
    });
  });
  child.stdout?.destroy();
  child.stderr?.destroy();
  signal.removeEventListener("abort", stop);
  ended.abort(new Error("the step is over"));
  if (signal.aborted) return "canceled";
  return code === 0 ? "succeeded" : "failed";
}

/** Asks the step and all it started to end, ever more firmly. */
async function interrupt(child: ChildProcess, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<void> {
  try {
    toGroup(child, "SIGINT");
    await clock.sleep(interruptGraceMs, { signal });
    toGroup(child, "SIGTERM");
    await clock.sleep(terminateGraceMs, { signal });
    toGroup(child, "SIGKILL");
  } catch {
    // It ended: nothing is left to ask.
  }
}

function toGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

/** What a job's scripts find in their environment. */
function variablesOf(
  job: JobRequest,
  { workspace, runnerName }: { workspace: string; runnerName: string },
): Record<string, string> {
  return {
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_JOB: job.displayName,
    GITHUB_REPOSITORY: job.github["repository"] ?? "",
    GITHUB_RUN_ID: job.github["run_id"] ?? "",
    GITHUB_WORKSPACE: workspace,
    RUNNER_NAME: runnerName,
    RUNNER_OS: "Linux",
  };
}
