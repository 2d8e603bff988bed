import type { Logger } from "@scaleset/client";
import type { OwnSessionRecord, SessionRecords } from "../ports/session-records.js";

export interface OwnSessionRecordOptions {
  readonly records: SessionRecords;
  readonly identity: string;
  readonly configUrl: string;
  readonly owner: string;
  readonly logger: Logger;
}

/** Session records seen by one scale set: a record of another owner or URL is ignored, and overwritten by the next session. */
export function ownSessionRecord(options: OwnSessionRecordOptions): OwnSessionRecord {
  const { records, identity, configUrl, owner, logger } = options;
  let newest: string | undefined;
  return {
    read() {
      const record = records.read(identity);
      if (record === undefined) return undefined;
      const { scaleSetId, sessionId } = record;
      const other = record.owner !== owner ? "owner" : record.configUrl !== configUrl ? "config URL" : undefined;
      if (other === undefined && record.identity === identity) return { scaleSetId, sessionId };
      logger.warn({ sessionId }, `the session record is ignored: it is of another ${other ?? "scale set"}`);
      return undefined;
    },
    opened({ scaleSetId, sessionId }) {
      newest = sessionId;
      records.write({ identity, configUrl, owner, scaleSetId, sessionId });
    },
    closed(sessionId) {
      // Closing an earlier session must not forget the one that is open now.
      if (sessionId === newest) records.delete(identity);
    },
  };
}
