import { kinds } from "./kinds.js";
import type { TallyKind } from "./tally.js";

const failuresOfNobody = [
  "F7 a removal meets a job",
  "F9 a message comes again",
  "F17 the clock is off",
  "F23 a stranger's set of the same name",
];

const checks = [
  "F15 a name is asked for once",
  "F23 only instances of its own scale sets are touched",
  "I1 nothing that is answered ends a daemon",
  "I10 no secret in a log line",
  "I10 no secret in the status",
  "I11 only the holder ends runners",
  "I11 only the holder launches",
  "I11 without a session a daemon clears only its own",
  "I2 a live runner is ended by the witness rule only",
  "I2 the instance goes last",
  "I3 never above the maximum",
  "I3 never above the maximum of all",
  "I3 runners elsewhere count",
  "I3 waiting jobs get a runner",
  "I4 the instance is there before its JIT config",
  "I5 handled before it is acknowledged",
  "I5 offered jobs are acquired before the acknowledgement",
  "I6 a stop closes the sessions and keeps the scale sets",
  "I6 a stop leaves busy runners alone",
  "I7 launches that come to nothing are bounded",
  "I7 look-ups and asked readings a minute are bounded",
  "I7 one refresh at a time",
  "I7 requests a minute are bounded",
  "I8 a healthy set announces its maximum",
  "I8 a poll carries a capacity of at least 1",
  "I8 never more than the maximum",
  "I8 no more than the backend holds",
  "I8 no room is announced while launches fail",
  "I8 the capacity is the total, never the free places",
  "I8 who can launch nothing steps aside",
  "fair: places turn over between sets",
  "leaked: nothing is left behind",
  "left: every job ends",
  "limits: jobs that take too long end",
  "limits: runners that idle too long are replaced",
  "lost: no job is lost",
  "secrets: no JIT config outlives its runner",
  "twice: no job is run by two runners",
];

const commands = [
  "create.done",
  "create.failed",
  "create dropped",
  "jit.done",
  "jit.failed",
  "start.done",
  "start.failed",
  "look-up.done",
  "look-up.failed",
  "deregister.done",
  "deregister.failed",
  "destroy.done",
  "destroy.failed",
];

const rules = [
  "abandoned",
  "aside",
  "asked-reading",
  "breaker",
  "drained",
  "exited",
  "finished",
  "foreign",
  "ghost",
  "idle-age",
  "kept-names",
  "launch",
  "orphaned",
  "outdated",
  "overdue",
  "phantom",
  "refill",
  "retiring",
  "rights",
  "spec-changed",
  "standby",
  "surplus",
  "unfit",
  "unstarted",
  "vanished",
  "witness",
];

/** Everything that a block of worlds has to bring about at least once. */
export const expected: Readonly<Record<TallyKind, readonly string[]>> = {
  world: Object.keys(kinds),
  failure: [
    ...new Set([
      ...Object.values(kinds).flatMap(({ failures }) => failures.map(({ name }) => name)),
      ...failuresOfNobody,
    ]),
  ],
  rule: rules,
  command: commands,
  check: checks,
  outcome: ["an assignment lapsed", "a job's host died"],
  broken: [],
};

/** What virtual time or a backend in memory can't show, and where it is shown. */
export const shownElsewhere: readonly string[] = [
  "I9, its own time from a message to the JIT request: bench/",
  "dropped commands other than creates: the engine's own tests (a launch begun has its next place before it asks, and 20 removals at once never wait in a small world)",
  "I10, arguments of processes and metadata of images: the provisioners' own tests",
];
