import type { CommandType, Statistics } from "./model.js";
import type { Traits } from "./traits.js";

/** Everything that can happen to a fleet. `at` is the daemon's monotonic time in milliseconds, never before an earlier event's. */
export type FleetEvent = { readonly at: number } & (ServiceEvent | OutcomeEvent | BackendEvent | OwnEvent);

export type ServiceEvent =
  | {
      readonly type: "session.opened";
      readonly scaleSetId: number;
      readonly statistics: Statistics;
      /** How long ago the scale set was made, where the service tells. */
      readonly scaleSetAgeMs?: number | undefined;
      /** How long no call had proved that an earlier session was ours; undefined where there was none. */
      readonly silentMs?: number | undefined;
    }
  | { readonly type: "session.ended" }
  /** Closed by us, because the scale set is drained. */
  | { readonly type: "session.let-go" }
  | { readonly type: "session.refused"; readonly holder: string | undefined }
  | { readonly type: "poll.began" }
  /** Any answered call of the session. `heldMs` only for polls. */
  | { readonly type: "session.answered"; readonly heldMs: number | undefined }
  | {
      readonly type: "message";
      readonly redelivered: boolean;
      readonly statistics: Statistics | undefined;
      readonly jobs: readonly JobNews[];
    }
  /** The answer to `read-statistics`; undefined where there was none. */
  | { readonly type: "statistics"; readonly statistics: Statistics | undefined }
  /** Statistics that came with a renewal of the lease, and what was known when that began. */
  | { readonly type: "session.renewed"; readonly statistics: Statistics; readonly asked: Question };

/** When a reading was asked for, and how many runners had ended by then. */
export interface Question {
  readonly at: number;
  readonly endsKnown: number;
}

export interface JobNews {
  readonly kind: "assigned" | "started" | "completed";
  readonly jobId: string;
  /** Empty when no runner took it. */
  readonly runnerName: string;
}

export type FailureKind = "transient" | "capacity" | "rejected" | "denied" | "gone";

/** `lease`: the service did not answer in time; `rights`: the command is not allowed any longer. */
export type DropReason = "lease" | "rights";

/** What became of a command. */
export type OutcomeEvent = { readonly name: string } & (
  | { readonly type: "command.issued"; readonly command: CommandType; readonly rule: string }
  | { readonly type: "command.dropped"; readonly command: CommandType; readonly why: DropReason }
  | { readonly type: "create.done" }
  | { readonly type: "create.failed"; readonly kind: FailureKind; readonly message: string }
  | { readonly type: "jit.done"; readonly runnerId: number }
  /** `answered`: the service said no. Otherwise nobody knows whether the registration exists. */
  | { readonly type: "jit.failed"; readonly answered: boolean; readonly message: string }
  | { readonly type: "start.done" }
  | { readonly type: "start.failed"; readonly kind: FailureKind; readonly message: string }
  | { readonly type: "look-up.done"; readonly answer: "present" | "absent" }
  | { readonly type: "look-up.failed"; readonly message: string }
  | { readonly type: "deregister.done"; readonly answer: "removed" | "busy" | "absent" }
  | { readonly type: "deregister.failed"; readonly message: string }
  | { readonly type: "destroy.done" }
  | { readonly type: "destroy.failed"; readonly message: string }
);

/** An instance of this fleet's identity, as its backend shows it. */
export interface SeenInstance {
  readonly name: string;
  readonly state: "created" | "started" | "exited";
  /** Made by this daemon, or by an earlier one of the same owner name. */
  readonly own: boolean;
  /** Labelled by a newer version of this program. */
  readonly foreignSchema: boolean;
  /** Hash of the runner spec it was made from. */
  readonly spec: string;
  readonly ageMs: number;
  readonly exitCode: number | undefined;
  readonly exitReason: string | undefined;
  /** Why it should take no more work (its inner engine died, its node is going away); undefined while it is well. */
  readonly unfit?: string | undefined;
}

export type BackendEvent =
  /** A whole list of one place; `begunAt` is when it was asked for. */
  | {
      readonly type: "inventory";
      readonly place: string;
      readonly begunAt: number;
      readonly instances: readonly SeenInstance[];
    }
  | { readonly type: "instance.changed"; readonly instance: SeenInstance }
  /** A check of the backend succeeded after one that failed. */
  | { readonly type: "backend.works-again"; readonly place: string };

/** What this daemon was told to do. */
type OwnEvent =
  | { readonly type: "limits.changed"; readonly minRunners: number; readonly maxRunners: number }
  /** Most runners that a limit shared with other scale sets leaves to this one. */
  | { readonly type: "share.changed"; readonly share: number | undefined }
  /** Its part of what its backend can hold, and how many launches above that may be tried now. */
  | { readonly type: "ceiling.changed"; readonly most: number | undefined; readonly trials: number }
  /** What runners are made from, or where, is another thing now. */
  | { readonly type: "traits.changed"; readonly traits: Traits }
  /** A person says that what launches were refused for is mended. */
  | { readonly type: "launches.retry" }
  /** A place where none of its runners lives any more is listed no longer. */
  | { readonly type: "place.left"; readonly place: string }
  /** The scale set is to be emptied: nothing is launched, idle runners go, busy ones end by themselves. */
  | { readonly type: "drain" }
  /** A command of the whole fleet was begun. */
  | { readonly type: "statistics.asked" }
  /** The next poll leaves out the id of the last message. */
  | { readonly type: "cursor.restarted" }
  /** Nothing but time passed: the last decision wanted to look again now. */
  | { readonly type: "woke" }
  /** It is about to stop: launches under way are brought to their end, nothing new is begun, runners are left. */
  | { readonly type: "stopping" };
