import type { Clock, FetchLike, Logger, Random } from "@scaleset/client";
import type { AutoscalerObserver } from "../engine/worker-options.js";
import type { SessionRecords } from "../ports/session-records.js";

/** The outside of a daemon, as all its parts use it. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fetch: FetchLike | undefined;
  readonly observer: AutoscalerObserver | undefined;
  readonly sessionRecords: SessionRecords | undefined;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
}
