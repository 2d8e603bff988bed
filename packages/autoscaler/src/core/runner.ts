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
  readonly askTwice?: boolean;
  readonly unfit?: string | undefined;
  /** @default `since` */
  readonly launchedAt?: number;
  readonly foreignSchema?: boolean;
}): Runner {
  return {
    name: start.name,
    phase: start.phase,
    belief: { kind: "none" },
    runnerId: undefined,
    mayBeRegistered: start.mayBeRegistered ?? false,
    askTwice: start.askTwice ?? false,
    orphanedAt: undefined,
    pending: undefined,
    dueAt: Number.POSITIVE_INFINITY,
    attempts: 0,
    since: start.since,
    launchedAt: start.launchedAt ?? start.since,
    madeAt: start.since,
    startedAt: undefined,
    jobSince: undefined,
    hadJob: false,
    failedToBoot: false,
    ghost: false,
    forced: false,
    absentSince: undefined,
    absentAt: Number.NEGATIVE_INFINITY,
    absences: 0,
    agreedAt: undefined,
    busyAt: undefined,
    jobEnded: false,
    formerSet: false,
    unfit: start.unfit,
    missingSince: undefined,
    deniedOnly: false,
    lost: false,
    exit: undefined,
    spec: start.spec,
    place: start.place,
    own: start.own ?? true,
    adopted: start.adopted ?? false,
    foreignSchema: start.foreignSchema ?? false,
  };
}
