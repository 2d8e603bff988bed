import type { JournalEntry } from "../journal/entry.js";
import type { CheckLimits, CheckName } from "./check.js";
import type { RunnerSeen, SetSeen, View } from "./view.js";

/** What a rule works with. */
export interface Bench {
  readonly view: View;
  readonly limits: CheckLimits;
  /** Notes a failure; one of the same check and key is noted once. */
  report(
    check: CheckName,
    key: string | number,
    message: string,
    events: readonly JournalEntry[],
    setId?: number,
  ): void;
  /** Looks again at a later time. */
  later(atMs: number, look: (nowMs: number) => void): void;
}

/** Looks at each entry after the view has taken it in. */
export type Rule = (entry: JournalEntry, bench: Bench) => void;

/** Runners get two minutes to come online before they count as missing. @unit milliseconds */
const bootMs = 120_000;

const about = (setId: number): string => `scale set ${setId}`;

const jobs: Rule = (entry, { view, limits, report }) => {
  if (entry.subject !== "job" || entry.job === undefined) return;
  const job = view.jobs.get(entry.job);
  const events = job?.events ?? [entry];
  const set = entry.scaleSetId === undefined ? undefined : view.sets.get(entry.scaleSetId);
  if (entry.event === "completed" && entry.end === "lost" && job?.started) {
    const by = entry.runnerName === undefined ? "its runner" : `runner ${entry.runnerName}`;
    report(
      "busy-runner-killed",
      entry.job,
      `job ${entry.job} was lost: ${by} ended while it worked (${entry.cause})`,
      events,
      set?.id,
    );
  }
  const lapsed = entry.event === "lapsed" || (entry.event === "completed" && entry.end === "lost" && !job?.started);
  if (!lapsed || set?.session === undefined || view.runnersDeprecated) return;
  const live = set.runners.size;
  const heldMs = entry.atMs - set.session.openedAtMs;
  const room = (set.capacity ?? 0) - live;
  const excused =
    view.runnersAcceptedAtMs >= entry.atMs - limits.probeMs ||
    set.lostJitAtMs.some((atMs) => atMs >= entry.atMs - limits.excusedMs) ||
    view.faultAtMs >= entry.atMs - limits.excusedMs;
  if (room <= 0 || heldMs < 240_000 || excused) return;
  report(
    "demand-unserved",
    `${entry.job}/${entry.jobId}`,
    `job ${entry.job} found no runner in time, while ${about(set.id)} had announced ${set.capacity} and had ${live}`,
    events,
    set.id,
  );
};

const registrations: Rule = (entry, bench) => {
  if (entry.subject !== "runner" || entry.runnerId === undefined) return;
  const { view, limits, report } = bench;
  const runner = view.runners.get(entry.runnerId);
  if (runner === undefined) return;
  const { set, name } = runner;
  if (entry.event === "registered") {
    watchForLeak(runner, bench);
    const endedMs = set.sessionEndedAtMs ?? Number.NEGATIVE_INFINITY;
    if (set.session === undefined && entry.atMs - endedMs > limits.lapsedMs) {
      const since =
        set.sessionEndedAtMs === undefined
          ? "never had a session"
          : `had no session for ${Math.round((entry.atMs - endedMs) / 1000)} s`;
      report(
        "acted-without-session",
        name,
        `a JIT config for ${name} was asked for, and ${about(set.id)} ${since}`,
        set.events,
        set.id,
      );
    }
    const lost = set.lostJitAtMs.filter((atMs) => atMs >= entry.atMs - limits.excusedMs).length;
    const live = liveRunners(set, entry.atMs);
    // Jobs that were assigned under an earlier announcement keep their runners.
    if (set.capacity !== undefined && live > Math.max(set.capacity, set.assigned.size) + lost) {
      report(
        "over-capacity",
        set.id,
        `with ${name} ${about(set.id)} has ${live} runners, and had announced ${set.capacity}`,
        [...runner.events, ...set.events].slice(-20),
        set.id,
      );
    }
  }
  if (entry.event === "offline" && !runner.hadJob) watchForLeak(runner, bench);
  if (entry.event === "removed" && entry.cause === "the client asked") {
    const endedByItself = runner.everOnline && !runner.hadJob && runner.offlineCause !== "the client asked";
    if (endedByItself && !runner.online && !runner.misbehaves && !view.runnersDeprecated) {
      report(
        "destroyed-before-deregistered",
        name,
        `${name} was online and idle, went offline, and was deregistered only then`,
        runner.events,
        set.id,
      );
    }
  }
};

/** Online, or young enough to come online yet. */
function liveRunners(set: SetSeen, nowMs: number): number {
  let live = 0;
  for (const runner of set.runners) {
    if (runner.online || (!runner.everOnline && nowMs - runner.registeredAtMs < bootMs)) live += 1;
  }
  return live;
}

function watchForLeak(runner: RunnerSeen, bench: Bench): void {
  const { id, offlineSinceMs: sinceMs } = runner;
  // It holds no runner: most are long gone when it looks.
  bench.later(sinceMs + bench.limits.leakedMs, () => {
    const current = bench.view.runners.get(id);
    if (current !== undefined && !current.online && current.offlineSinceMs === sinceMs) reportLeak(current, bench);
  });
}

export function reportLeak(runner: RunnerSeen, { report }: Bench): void {
  const what = runner.everOnline ? "went offline" : "never came online";
  report(
    "registration-leaked",
    runner.name,
    `${runner.name} ${what}, and its registration was not removed`,
    runner.events,
    runner.set.id,
  );
}

const messages: Rule = (entry, { view, limits, report }) => {
  if (entry.subject !== "message" || entry.messageId === undefined || entry.scaleSetId === undefined) return;
  const set = view.sets.get(entry.scaleSetId);
  if (set === undefined) return;
  const firstMs = set.delivered.get(entry.messageId);
  const key = `${set.id}/${entry.messageId}`;
  if (entry.event === "acknowledged" && firstMs === undefined) {
    report(
      "acknowledged-unseen",
      key,
      `message ${entry.messageId} of ${about(set.id)} was acknowledged, and had been handed to nobody`,
      set.events,
      set.id,
    );
  }
  const old = entry.event === "redelivered" && firstMs !== undefined && entry.atMs - firstMs > limits.unacknowledgedMs;
  if (old && !view.faultSince(set, entry.atMs - limits.excusedMs)) {
    report(
      "never-acknowledged",
      key,
      `message ${entry.messageId} of ${about(set.id)} is handed out for ${Math.round((entry.atMs - firstMs) / 60_000)} min, and was not acknowledged`,
      set.events,
      set.id,
    );
  }
};

const sessions: Rule = (entry, bench) => {
  if (entry.subject !== "session" || entry.scaleSetId === undefined) return;
  const { view, limits, report } = bench;
  const set = view.sets.get(entry.scaleSetId);
  if (set === undefined) return;
  if (entry.event === "capacity" && !(Number.isFinite(set.capacity) && (set.capacity ?? 0) >= 1)) {
    const said = set.capacity === 0 ? "capacity 0" : "no capacity";
    report(
      "capacity-not-announced",
      set.id,
      `a poll of ${about(set.id)} announced ${said}: jobs queued meanwhile may never be delivered (F24)`,
      [entry],
      set.id,
    );
  }
  if (entry.event !== "closed" && entry.event !== "expired") return;
  const silent = entry.event === "expired" && entry.cause === "no poll for too long";
  if (silent && !view.faultSince(set, entry.atMs - limits.excusedMs)) {
    report(
      "session-abandoned",
      entry.sessionId ?? set.id,
      `the session of ${about(set.id)} ended because nobody polled any more`,
      set.events,
      set.id,
    );
  }
  watchForReturn(set, entry.event === "closed" ? limits.asideMs : limits.absentMs, entry.atMs, bench);
};

function watchForReturn(set: SetSeen, withinMs: number, fromMs: number, bench: Bench): void {
  const { view, limits } = bench;
  const endedMs = set.sessionEndedAtMs ?? fromMs;
  bench.later(fromMs + withinMs, (nowMs) => {
    if (set.deleted || set.session !== undefined || set.sessionEndedAtMs !== endedMs) return;
    const excused = view.runnersDeprecated || view.runnersAcceptedAtMs >= nowMs - limits.probeMs;
    if (excused || view.faultSince(set, nowMs - limits.excusedMs)) return watchForReturn(set, withinMs, nowMs, bench);
    const elsewhere = [...view.sets.values()].some(({ session }) => session !== undefined);
    if (view.jobs.size === 0 || elsewhere) return;
    bench.report(
      "never-came-back",
      set.id,
      `${view.jobs.size} jobs wait, and nobody has held the session of ${about(set.id)} for ${Math.round((nowMs - endedMs) / 1000)} s`,
      set.events,
      set.id,
    );
  });
}

const malformed = new Set([
  "ArgumentException",
  "VersionNotSpecifiedException",
  "UnsupportedMediaTypeException",
  "MethodNotAllowedException",
]);

const requests: Rule = (entry, { view, report }) => {
  if (entry.subject !== "request" || entry.call === undefined) return;
  const { call, refusal, scaleSetId } = entry;
  const events = [...(scaleSetId === undefined ? [] : (view.sets.get(scaleSetId)?.events ?? [])).slice(-5), entry];
  if (call === "generate-jit-config" && refusal === "AgentExistsException") {
    report(
      "name-reused",
      scaleSetId ?? call,
      "a JIT config was asked for under a name that is taken",
      events,
      scaleSetId,
    );
  }
  if (call === "runner-open-session" && refusal === "TaskAgentSessionConflictException") {
    report(
      "jit-config-reused",
      scaleSetId ?? call,
      "a second runner came with the JIT config of one that is online",
      events,
      scaleSetId,
    );
  }
  if (call === "unknown" || (refusal !== undefined && malformed.has(refusal))) {
    const why = call === "unknown" ? entry.cause : `${call} was refused as malformed: ${refusal}`;
    report("malformed-request", `${call}/${refusal}/${call === "unknown" ? entry.cause : ""}`, why, events, scaleSetId);
  }
};

const tokenCalls: ReadonlySet<string> = new Set([
  "create-installation-token",
  "create-registration-token",
  "register-runner",
]);

/** Counts within minutes; a new rule for each checker, since it remembers. */
function storms(): Rule {
  const counts = new Map<string, { minute: number; count: number }>();
  return (entry, { limits, report }) => {
    if (entry.subject !== "request" || entry.call === undefined || entry.call.startsWith("runner-")) return;
    // That a runner is gone is what a careful client asks about each one; the more jobs, the more often.
    if (entry.status === 404 && (entry.call === "remove-runner" || entry.call === "get-runner")) return;
    const isToken = tokenCalls.has(entry.call);
    const useless =
      entry.status === undefined || entry.status >= 400 || (entry.call === "get-message" && entry.status === 202);
    if (!isToken && !useless) return;
    const key = `${entry.call}/${entry.scaleSetId ?? ""}`;
    const minute = Math.floor(entry.atMs / 60_000);
    const seen = counts.get(key);
    const count = seen?.minute === minute ? seen.count + 1 : 1;
    counts.set(key, { minute, count });
    const limit = isToken ? limits.tokenCallsPerMinute : limits.failedCallsPerMinute;
    if (count !== limit + 1) return;
    const kind = isToken ? "" : "failed or empty ";
    report(
      "request-storm",
      key,
      `more than ${limit} ${kind}calls ${entry.call} within a minute`,
      [entry],
      entry.scaleSetId,
    );
  };
}

/** Counts runners that went without a job, until one takes a job. */
function loops(): Rule {
  const ended = new Map<number, number[]>();
  return (entry, { view, limits, report }) => {
    if (entry.subject !== "runner" || entry.runnerId === undefined || entry.scaleSetId === undefined) return;
    if (entry.event === "busy") ended.delete(entry.scaleSetId);
    const runner = view.runners.get(entry.runnerId);
    if (entry.event !== "removed" || runner === undefined || runner.hadJob || runner.misbehaves) return;
    const times = ended.get(entry.scaleSetId) ?? [];
    ended.set(entry.scaleSetId, times);
    times.push(entry.atMs);
    while (times.length > 0 && (times[0] ?? 0) < entry.atMs - 600_000) times.shift();
    if (
      times.length <=
      Math.max(limits.uselessLaunches, 2 * (Number.isFinite(runner.set.capacity) ? (runner.set.capacity ?? 0) : 0))
    )
      return;
    const message = `${times.length} runners of ${about(entry.scaleSetId)} came and went within ten minutes, and none had a job`;
    report("launch-loop", entry.scaleSetId, message, runner.events, entry.scaleSetId);
  };
}

/** All of them, new. */
export function newRules(): readonly Rule[] {
  return [jobs, registrations, messages, sessions, requests, storms(), loops()];
}
