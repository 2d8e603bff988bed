/** Never renamed, never used again for something else. */
export type ProblemCode =
  | "worker-crashed"
  | "service-trouble"
  | "service-silent"
  | "scale-set-drift"
  | "instances-unlisted"
  | "runner-outdated"
  | "launch-refused"
  | "runners-fail"
  | "runner-failed"
  | "launch-failing"
  | "phantom-demand"
  | "removal-failing"
  | "orphaned-runners"
  | "newer-labels"
  | "runners-left"
  | "at-maximum"
  | "runners-offline"
  | "counts-unusable"
  | "runner-unconfirmed"
  | "runner-unfit"
  | "at-ceiling"
  | "stepped-aside"
  | "waits-for-place"
  | "config-refused"
  | "restart-needed"
  | "provisioner-closed"
  | "spec-not-taken"
  | "connection-refused"
  | "no-slot";

/** Something that a person should know of. */
export interface Problem {
  readonly code: ProblemCode;
  /**
   * - `error`: jobs wait that should run, and it does not mend itself;
   * - `warning`: something is wrong, and it may mend itself or hurts little;
   * - `notice`: why things are as they are; nothing is wrong.
   */
  readonly level: "error" | "warning" | "notice";
  /** What is wrong, in words. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}
