/** A message session that this daemon opened and has not closed. */
export interface SessionRecord {
  /** Which scale set of the config it belongs to; see `labels.ts`. */
  readonly identity: string;
  readonly configUrl: string;
  /** Owner name that the session was opened with. */
  readonly owner: string;
  readonly scaleSetId: number;
  readonly sessionId: string;
}

/**
 * Remembers open sessions beyond the end of the process, so that a daemon that was killed can close its own session at the
 * next start instead of waiting until it expires. Synchronous: the record is kept before the session is used. A record
 * that can't be read or kept costs that wait and nothing else, so nothing here throws.
 */
export interface SessionRecords {
  /** The record of a scale set, only if no other daemon can be using its session: undefined after a reboot. */
  read(identity: string): SessionRecord | undefined;
  /** Replaces the record of its scale set. */
  write(record: SessionRecord): void;
  /** Forgets a session that was closed. */
  delete(identity: string): void;
}

/** The record of one scale set's session, as its service uses it. */
export interface OwnSessionRecord {
  /** The session that an earlier process of this daemon left open, if one is recorded. */
  read(): { readonly scaleSetId: number; readonly sessionId: string } | undefined;
  opened(session: { readonly scaleSetId: number; readonly sessionId: string }): void;
  /** The service answered the closing. */
  closed(sessionId: string): void;
}
