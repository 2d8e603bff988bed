/** Everything a fleet can ask for. */
export type Command =
  /** Make this many new runners; whoever carries it out gives each a name never used before. */
  { readonly type: "launch"; readonly count: number } | RunnerCommand;

/** A step in the life of one runner. Its outcome comes back as an event. */
export type RunnerCommand =
  | { readonly type: "create"; readonly name: string }
  | { readonly type: "request-jit"; readonly name: string }
  | { readonly type: "start"; readonly name: string }
  /** Remove its registration, found by name when the id is not known. */
  | { readonly type: "deregister"; readonly name: string; readonly runnerId: number | undefined }
  | { readonly type: "destroy"; readonly name: string };

/** What to do now, why, and when to look again if nothing happens. */
export interface Decision {
  readonly commands: readonly { readonly command: Command; readonly reason: string }[];
  /** Why things are as they are, also where nothing is to be done. */
  readonly reasons: readonly string[];
  /** Monotonic time in milliseconds; `Infinity` when only an event can change anything. */
  readonly wakeAt: number;
}
