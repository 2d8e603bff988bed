import { Secret } from "../secret.js";
import type { RunnerScaleSetStatistics } from "../types.js";
import { at, type Field, lenient, record, string } from "./decode.js";
import { statistics } from "./statistics.js";

/** The id of no session. */
export const NIL_UUID = "00000000-0000-0000-0000-000000000000";

/** A session as the service describes it; what is missing is undefined, as sessions come without a queue at times (F5). */
export interface WireSession {
  readonly sessionId: string | undefined;
  readonly queueUrl: URL | undefined;
  readonly queueToken: Secret | undefined;
  readonly statistics: RunnerScaleSetStatistics | undefined;
}

export function session(field: Field): WireSession {
  record(field);
  const sessionId = lenient(at(field, "sessionId"), string, "");
  const token = lenient(at(field, "messageQueueAccessToken"), string, "");
  const url = lenient(at(field, "messageQueueUrl"), string, "");
  return {
    sessionId: sessionId === "" || sessionId === NIL_UUID ? undefined : sessionId,
    queueUrl: /^https?:/i.test(url) && URL.canParse(url) ? new URL(url) : undefined,
    queueToken: token === "" ? undefined : new Secret(token),
    statistics: statistics(at(field, "statistics")),
  };
}
