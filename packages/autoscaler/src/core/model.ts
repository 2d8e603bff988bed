/**
 * What is known of one runner. Facts only: the service tells nobody when a runner comes online, so "idle" and "online"
 * are words for a page, derived, never a phase. A runner that is gone is not in the fleet any more.
 */
export type Phase =
  /** Its instance is being made. */
  | "creating"
  /** Its instance is there, inert. */
  | "created"
  /** Its JIT config was answered: a registration exists. */
  | "registered"
  /** Its instance was handed the JIT config. */
  | "started"
  /** Its job is completed; it should exit by itself. */
  | "finishing"
  /** The service was asked to remove its registration because it is not needed. */
  | "retiring"
  /** The service does not know its registration; what it does is not known. */
  | "detached"
  /** This name will never run: its registration goes, then its instance. */
  | "abandoned"
  /** Its instance ended: its registration goes, then its instance. */
  | "exited";

/** Something for each phase. */
export function byPhase<Value>(make: (phase: Phase) => Value): Record<Phase, Value> {
  return {
    creating: make("creating"),
    created: make("created"),
    registered: make("registered"),
    started: make("started"),
    finishing: make("finishing"),
    retiring: make("retiring"),
    detached: make("detached"),
    abandoned: make("abandoned"),
    exited: make("exited"),
  };
}

/** What we think it works on; messages are hints, so this is kept apart from the phase. */
export type Belief =
  | { readonly kind: "none" }
  | { readonly kind: "job"; readonly jobId: string }
  /** Adopted, or the service said "still running": worth asking the service about again at `askAt`. */
  | { readonly kind: "unknown"; readonly askAt: number };

export type CommandType = "create" | "request-jit" | "start" | "look-up" | "deregister" | "destroy";

export interface Runner {
  readonly name: string;
  phase: Phase;
  belief: Belief;
  /** Known from the answer to our JIT request only; else the registration is looked up by name. */
  runnerId: number | undefined;
  /** False once the service said that there is none (any more), and it can't come back. */
  mayBeRegistered: boolean;
  /** One "no such runner" may come too early, so the removal is asked for twice before its instance is destroyed. */
  askTwice: boolean;
  /** When its scale set went away under it (F4): the new one can't be asked about it, so it is left until it exits. */
  orphanedAt: number | undefined;
  /** The command under way; nothing else is decided about it meanwhile. */
  pending: CommandType | undefined;
  /** When something may be decided about it; `Infinity`: not before some event. */
  dueAt: number;
  /** Failed attempts of what its phase is waiting for. */
  attempts: number;
  /** When its phase began. Times are of the daemon's monotonic clock, in milliseconds. */
  since: number;
  /** When its launch began; when its instance was created, for adopted ones. */
  readonly launchedAt: number;
  /** When its instance was known to be there; lists begun before say nothing about it. */
  madeAt: number;
  startedAt: number | undefined;
  /** When it was first known to work: a message named its job, or the service said so. */
  jobSince: number | undefined;
  /** Some message named it: it came online and worked. */
  hadJob: boolean;
  /** It seems to have ended before it could do anything: what it printed says why. */
  failedToBoot: boolean;
  /** It is retired because it never came online, as far as one can tell. */
  ghost: boolean;
  /** It is ended by force, by a limit that somebody set: what runs in it goes first, its registration then. */
  forced: boolean;
  /** First 404 of the newest unbroken row of 404s about it. */
  absentSince: number | undefined;
  /** Newest 404 of that row, and how many there are. */
  absentAt: number;
  absences: number;
  /** When the first reading of an unbroken row was asked for that leaves no job for it; see `witness.ts`. */
  agreedAt: number | undefined;
  /** When the service last said that its job still runs. */
  busyAt: number | undefined;
  /** A message said that its job is completed, and the service has not denied it. */
  jobEnded: boolean;
  /** The scale set that it belonged to went away, and every job of that set is known to be another runner's. */
  formerSet: boolean;
  /** Why it should take no more work, in the words of its backend. */
  unfit: string | undefined;
  /** Begin of the first whole list that missed it. */
  missingSince: number | undefined;
  /** That its registration is gone is known from 404s alone, which may have been false. */
  deniedOnly: boolean;
  /** Two whole lists missed it. */
  lost: boolean;
  exit: Exit | undefined;
  /** Hash of the runner spec it was made from. */
  readonly spec: string;
  /** Whose lists show it. */
  readonly place: string;
  /** Found in a list, not launched here. */
  readonly adopted: boolean;
  /** Made by this daemon, or an earlier one of its owner name. */
  readonly own: boolean;
  /** Carries labels of a newer version than ours: counted, never touched. */
  readonly foreignSchema: boolean;
}

interface Exit {
  readonly code: number | undefined;
  readonly reason: string | undefined;
}

/** The service's own counts. `assigned`: jobs that wait for a runner of this set, and jobs that run. */
export interface Statistics {
  readonly assigned: number;
  readonly running: number;
  readonly registered: number;
  readonly busy: number;
  readonly idle: number;
}

/**
 * Runners that are there. Whether the service's count of registered ones has those in that are not online is not certain;
 * registrations of a machine that died stay for a day.
 */
export function onlineOf({ idle, busy }: Statistics): number {
  return idle + busy;
}

/** What the service said of the scale set, and what was known when it said so. */
export interface Reading extends Statistics {
  readonly asOf: number;
  /** How many runners had ended by then, of all that ever did. */
  readonly endsKnown: number;
}

/** The message session is the lease: who holds it may act. */
export type Session =
  /** `since` it was lost; long ago where there was none yet. */
  | { readonly state: "none"; readonly since: number }
  /** Closed by us to drain the scale set. */
  | { readonly state: "drained" }
  /** `since` the service names a holder, or names none: another name begins nothing. */
  | { readonly state: "standby"; readonly holder: string | undefined; readonly since: number }
  | { readonly state: "held"; readonly openedAt: number };
