import type { Context } from "./context.js";
import { openJobs } from "./jobs.js";
import type { JobRow, ScaleSetRow } from "./state.js";
import { statisticsOf } from "./statistics.js";

/** What must hold after every step, whatever clients and runners do. Answers what does not, in words. */
export function violations(context: Context): string[] {
  const { state, options } = context;
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(what);
  };

  for (const session of state.sessions.values()) {
    const live = session.ended === undefined;
    must(live === (session.scaleSet.session === session), `session ${session.id} is not the one of its set`);
    must(session.heldPolls >= 0, `session ${session.id} ended more polls than it began`);
  }
  for (const set of state.scaleSets.values()) {
    const counts = statisticsOf(context, set);
    const offline = options.countOfflineRunners ? set.runners.size - onlineIn(set) : 0;
    must(
      counts.totalRegisteredRunners === counts.totalIdleRunners + counts.totalBusyRunners + offline,
      `registered runners of set ${set.id} are not idle + busy`,
    );
    must(counts.totalAssignedJobs >= counts.totalRunningJobs, `set ${set.id} runs more than it was assigned`);
    must(counts.totalBusyRunners <= counts.totalRunningJobs, `set ${set.id} has more busy runners than running jobs`);
    must(set.outbox.length === 0, `set ${set.id} has something left to say`);
    let lastId = 0;
    for (const message of set.messages.values()) {
      must(
        message.id > lastId && message.id <= set.lastMessageId,
        `message ${message.id} of set ${set.id} is out of order`,
      );
      const size = message.jobMessages.length;
      must(size > 0 && size <= options.maxJobMessages, `message ${message.id} of set ${set.id} holds ${size}`);
      lastId = message.id;
    }
    for (const runner of set.runners) must(!runner.removed, `removed runner ${runner.name} is still in its set`);
  }
  const runnersAtWork = new Map<number, JobRow>();
  let open = 0;
  for (const job of state.jobs.values()) {
    const places = [job.scaleSet?.available, job.scaleSet?.assigned, job.scaleSet?.running];
    const running = job.state === "running" && (!job.falselyCompleted || job.scaleSet?.running.has(job) === true);
    const expected = [job.state === "available", job.state === "assigned", running];
    must(
      places.every((place, index) => (place?.has(job) ?? false) === expected[index]),
      `job ${job.id} is ${job.state}, but its set has it elsewhere`,
    );
    must((job.state === "completed") === (job.end !== undefined), `job ${job.id} is ${job.state} and ended ${job.end}`);
    must(job.starts <= 1, `attempt ${job.jobId} was started ${job.starts} times`);
    if (job.state !== "completed" && job.state !== "stranded") open += 1;
    const { runner } = job;
    if (runner === undefined || job.state === "completed") continue;
    must(runner.job === job, `job ${job.id} thinks that it has runner ${runner.name}`);
    must(!runnersAtWork.has(runner.id), `runner ${runner.name} has two jobs`);
    runnersAtWork.set(runner.id, job);
  }
  must(open === openJobs(context), `${open} jobs are open, but the counts say ${openJobs(context)}`);
  for (const runner of state.runners.values()) {
    const { job } = runner;
    must(job === undefined || job.runner === runner, `runner ${runner.name} thinks that it has job ${job?.id}`);
  }
  return found;
}

function onlineIn(set: ScaleSetRow): number {
  return [...set.runners].filter((runner) => runner.session !== undefined || runner.job?.state === "running").length;
}
