import type { Clock, FetchLike, Logger, Random } from "@scaleset/client";
import type { AutoscalerObserver } from "../engine/worker-options.js";

/** The outside of a daemon, as all its parts use it. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly fetch: FetchLike | undefined;
  readonly observer: AutoscalerObserver | undefined;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
}
