/**
 * Thrown by a handler that wants the listener to end: the one error of a handler that does. The message stays
 * unacknowledged, the session is closed, and `run` rejects with this very error.
 *
 * ```ts
 * onStatistics: () => {
 *   if (diskIsGone) throw new StopListening("nothing can be started here any more");
 * }
 * ```
 */
export class StopListening extends Error {
  override readonly name = "StopListening";
}
