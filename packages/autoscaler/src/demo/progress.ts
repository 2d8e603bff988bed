import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import type { Writable } from "node:stream";
import { styleText } from "node:util";
import { seconds } from "./report.js";

/** How far the demo is. */
export interface Progress {
  readonly elapsedMs: number;
  readonly jobs: { readonly total: number; readonly ended: number; readonly running: number };
  readonly runners: { readonly live: number; readonly max: number; readonly started: number };
  /** What the autoscaler last decided, and why. */
  readonly reason: string | undefined;
}

export interface ProgressView {
  /** At which look at the demo, a tenth of a second apart, to `show` it. */
  readonly showEvery: number;
  show(progress: Progress): void;
  /** A line that stays. */
  note(text: string): void;
  /** Leaves the last picture standing. */
  end(): void;
}

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export function progressView(output: Output): ProgressView {
  return output.isTTY === true ? terminalView(output) : lineView(output);
}

/** One line a second, and only when something changed: for logs and pipes. */
function lineView(output: Output): ProgressView {
  let last = "";
  return {
    showEvery: 10,
    show(progress) {
      const text = describe(progress);
      if (text === last) return;
      last = text;
      output.write(`[${seconds(progress.elapsedMs).padStart(7)}] ${text}\n`);
    },
    note: (text) => void output.write(`${text}\n`),
    end: () => undefined,
  };
}

const BAR_WIDTH = 30;

/** Bars that are drawn over in place. */
function terminalView(output: Output): ProgressView {
  let drawn = 0;
  const erase = (): void => {
    if (drawn === 0) return;
    moveCursor(output, 0, -drawn);
    cursorTo(output, 0);
    clearScreenDown(output);
    drawn = 0;
  };
  return {
    showEvery: 1,
    show(progress) {
      const { jobs, runners } = progress;
      const waiting = jobs.total - jobs.ended - jobs.running;
      const ended = styleText("green", "█".repeat(share(jobs.ended, jobs.total)));
      const running = styleText(
        "yellow",
        "█".repeat(share(jobs.ended + jobs.running, jobs.total) - share(jobs.ended, jobs.total)),
      );
      const restOfJobs = "░".repeat(BAR_WIDTH - share(jobs.ended + jobs.running, jobs.total));
      const live = styleText("cyan", "█".repeat(share(runners.live, runners.max)));
      const restOfRunners = "░".repeat(BAR_WIDTH - share(runners.live, runners.max));
      // Room for the widest numbers there are, and nothing that wraps: a wrapped line could not be drawn over.
      const width = Math.max(20, (output.columns ?? 80) - 1);
      const lines = [
        bar(
          "jobs",
          ended + running + restOfJobs,
          `${jobs.ended} ended, ${jobs.running} running, ${waiting} waiting`,
          width,
        ),
        bar(
          "runners",
          live + restOfRunners,
          `${runners.live} of at most ${runners.max}, ${runners.started} started`,
          width,
        ),
        `${seconds(progress.elapsedMs).padEnd(9)}${progress.reason ?? ""}`.slice(0, width),
      ];
      erase();
      output.write(`${lines.join("\n")}\n`);
      drawn = lines.length;
    },
    note(text) {
      erase();
      output.write(`${text}\n`);
    },
    end() {
      drawn = 0;
    },
  };
}

function bar(name: string, cells: string, text: string, width: number): string {
  const label = name.padEnd(9);
  const room = width - label.length - BAR_WIDTH - 2;
  // A narrow terminal gets the numbers; the bar is the part that can go.
  return room < text.length ? `${label}${text}`.slice(0, width) : `${label}${cells}  ${text}`;
}

function share(part: number, whole: number): number {
  return Math.min(BAR_WIDTH, Math.round((part / Math.max(1, whole)) * BAR_WIDTH));
}

function describe({ jobs, runners }: Progress): string {
  const waiting = jobs.total - jobs.ended - jobs.running;
  return (
    `${jobs.ended} of ${jobs.total} jobs ended, ${jobs.running} running, ${waiting} waiting; ` +
    `${runners.live} of at most ${runners.max} runners, ${runners.started} started`
  );
}
