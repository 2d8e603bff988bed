/** Deadlines of the client. Each attempt of a call has its own. */
export interface ClientTimings {
  /** A call without an answer is given up after this. @unit milliseconds @default 15_000 */
  readonly callDeadlineMs: number;
  /** A poll without an answer; the service holds one for about 50 s. @unit milliseconds @default 75_000 */
  readonly pollDeadlineMs: number;
  /** Closing a session when nobody said how long it may take. @unit milliseconds @default 3_000 */
  readonly closeDeadlineMs: number;
}
