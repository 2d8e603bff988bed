import type { Logger } from "@scaleset/client";
import type { PlannedCommand } from "../core/commands.js";
import type { Phase, Runner } from "../core/model.js";

/** Something runs in its instance. */
const LIVE: ReadonlySet<Phase> = new Set<Phase>(["started", "finishing", "detached"]);

/** What a log that cuts long lines still takes; status has all of it. */
const LOGGED_OUTPUT = { lines: 20, letters: 4_000 };

/** The end of what a runner printed, as much of it as a log is read for. */
export function lastLines(output: string): string {
  return output.trimEnd().split("\n").slice(-LOGGED_OUTPUT.lines).join("\n").slice(-LOGGED_OUTPUT.letters);
}

/**
 * Writes down what is about to be done. Who looks for a runner that is gone finds why: the end of one that lived is told
 * always, that of one at work as a warning. Steps of a launch and of clearing away are for debugging.
 */
export function logCommand(
  logger: Logger,
  { command, rule, reason }: PlannedCommand,
  runnerOf: (name: string) => Runner | undefined,
): void {
  if (command.type === "launch") {
    logger.info({ rule }, reason);
    return;
  }
  const runner = "name" in command ? runnerOf(command.name) : undefined;
  const ends = command.type === "deregister" || command.type === "destroy";
  const unexpected = runner?.phase === "exited" && !runner.hadJob && runner.attempts === 0;
  const record = { rule, command: command.type, ...(runner !== undefined && { runner: runner.name }) };
  const told = runner !== undefined && (LIVE.has(runner.phase) || (unexpected && command.type === "deregister"));
  if (!ends || !told) logger.debug(record, reason);
  else if (rule === "overdue" && command.type === "destroy") logger.warn(record, reason);
  else logger.info(record, reason);
}

/**
 * The service did not remove a runner since its job runs. Where its instance has ended, that job was cut off, and nobody
 * else says so. After exit code 0 the news of its end may just be on the way, so it is said when it is asked again.
 */
export function logStillBusy(logger: Logger, { name, phase, exit, belief, attempts }: Runner): void {
  if (phase !== "exited") {
    logger.info({ runner: name }, "it is not removed: the service says that it has a job");
    return;
  }
  const record = {
    runner: name,
    exitCode: exit?.code,
    reason: exit?.reason,
    ...(belief.kind === "job" && { jobId: belief.jobId }),
  };
  const late = exit?.code === 0 ? 1 : 0;
  if (attempts === late) {
    const how = exit?.code === undefined ? "" : ` with exit code ${exit.code}`;
    logger.warn(record, `${name} ended${how} before its job did: the job fails once the service gives it up`);
  } else {
    logger.debug(record, "it has ended, and the service says that its job still runs");
  }
}
