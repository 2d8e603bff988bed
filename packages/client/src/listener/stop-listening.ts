/**
 * Thrown by a handler that wants the listener to end: the one error of a handler that does. The message stays
 * unacknowledged, the session is closed, and `run` rejects with this very error.
 *
 * @example
 * ```ts
 * const handler: ListenerHandler = {
 *   onStatistics: ({ totalAssignedJobs }) => {
 *     if (totalAssignedJobs > 1_000) throw new StopListening("nothing can be started here any more");
 *   },
 * };
 * ```
 */
export class StopListening extends Error {
  /** Always `StopListening`. */
  override readonly name = "StopListening";
}
