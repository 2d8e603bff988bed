/** Everything a fleet can ask for. */
export type Command =
  /** Make this many new runners; whoever carries it out gives each a name never used before. */
  | { readonly type: "launch"; readonly count: number }
  /** Ask the service for the statistics of the scale set, beside its messages. */
  | { readonly type: "read-statistics" }
  /** Poll once without the id of the last message: the queue may have restarted. */
  | { readonly type: "restart-cursor" }
  | RunnerCommand;

/** A step in the life of one runner. Its outcome comes back as an event. */
export type RunnerCommand =
  | { readonly type: "create"; readonly name: string }
  | { readonly type: "request-jit"; readonly name: string }
  | { readonly type: "start"; readonly name: string }
  /** Ask whether its registration is there, found by name when the id is not known. */
  | { readonly type: "look-up"; readonly name: string; readonly runnerId: number | undefined }
  /** Remove its registration, found by name when the id is not known. */
  | { readonly type: "deregister"; readonly name: string; readonly runnerId: number | undefined }
  | { readonly type: "destroy"; readonly name: string };

/** One command, the rule that asks for it, and why, in words. */
export interface PlannedCommand {
  readonly command: Command;
  readonly rule: string;
  readonly reason: string;
}

/** What to do now, why, and when to look again if nothing happens. */
export interface Decision {
  readonly commands: readonly PlannedCommand[];
  /** Why things are as they are, also where nothing is to be done, and the rule that says so. */
  readonly reasons: readonly { readonly rule: string; readonly reason: string }[];
  /** Monotonic time in milliseconds; `Infinity` when only an event can change anything. */
  readonly wakeAt: number;
}
