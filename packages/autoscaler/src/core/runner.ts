import type { Phase, Runner } from "./model.js";

/** A runner as it enters the fleet. */
export function newRunner(start: {
  readonly name: string;
  readonly phase: Phase;
  readonly since: number;
  readonly spec: string;
  readonly place: string;
  readonly own?: boolean;
  readonly mayBeRegistered?: boolean;
  readonly adopted?: boolean;
  readonly foreignSchema?: boolean;
}): Runner {
  return {
    name: start.name,
    phase: start.phase,
    belief: { kind: "none" },
    runnerId: undefined,
    mayBeRegistered: start.mayBeRegistered ?? false,
    jitUnanswered: false,
    mayRun: false,
    orphanedAt: undefined,
    pending: undefined,
    dueAt: Number.POSITIVE_INFINITY,
    attempts: 0,
    since: start.since,
    launchedAt: start.since,
    madeAt: start.since,
    startedAt: undefined,
    jobSince: undefined,
    hadJob: false,
    failedToBoot: false,
    ghost: false,
    forced: false,
    absentSince: undefined,
    missingSince: undefined,
    exit: undefined,
    spec: start.spec,
    place: start.place,
    own: start.own ?? true,
    adopted: start.adopted ?? false,
    foreignSchema: start.foreignSchema ?? false,
  };
}
