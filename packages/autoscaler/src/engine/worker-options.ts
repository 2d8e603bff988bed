import type { Clock, Logger, Random } from "@scaleset/client";
import type { InstanceLabels } from "@scaleset/provisioner";
import type { Decision, RunnerCommand } from "../core/commands.js";
import type { OutcomeEvent } from "../core/events.js";
import type { Limits, Timings } from "../core/settings.js";
import type { ScaleSetService } from "../ports/service.js";
import type { AskBudget } from "./ask-budget.js";
import type { Place } from "./place.js";
import type { Lanes } from "./place-limiter.js";
import type { Wakeups } from "./wakeups.js";

/** Told of everything that is decided and done; for tests, and for whoever embeds the daemon. Must not throw. */
export interface AutoscalerObserver {
  onDecision?(event: { readonly scaleSet: string; readonly decision: Decision }): void;
  onCommand?(event: {
    readonly scaleSet: string;
    readonly command: RunnerCommand;
    readonly outcome: OutcomeEvent;
  }): void;
}

export interface WorkerOptions {
  readonly name: string;
  readonly namePrefix: string;
  readonly limits: Limits;
  readonly timings: Timings;
  readonly labels: InstanceLabels;
  readonly service: ScaleSetService;
  readonly place: Place;
  /** Where none are made any more, and some may live on: a worker that crashed was leaving them. */
  readonly formerPlaces?: readonly Place[] | undefined;
  /** Shared by all workers of the process. */
  readonly wakeups: Wakeups;
  /** Shared by all workers that use a place. */
  readonly launches: Lanes;
  readonly endings: Lanes;
  /** Of the service host, shared by all workers there: asked readings and look-ups wait for their turn. @default no budget */
  readonly asks?: Pick<AskBudget, "take"> | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer?: AutoscalerObserver | undefined;
  /** Called when what the set wants of a shared limit has changed. */
  readonly onDemand?: (() => void) | undefined;
  /** Called before a freed place of a shared limit would be filled: it may be another set's turn. */
  readonly onPlaceFreed?: (() => void) | undefined;
  /** Weight of the set where places of its backend are divided. @default 1 */
  readonly priority?: (() => number) | undefined;
  /** Called when no runner of the set lives in a place any more that it was told to leave. */
  readonly onLeft?: ((place: Place) => void) | undefined;
}

/** What a scale set wants of a limit that it shares with others. */
export interface SharedDemand {
  /** Runners that jobs and the minimum ask for, before any limit. */
  readonly wanted: number;
  readonly live: number;
  /** Runners that the poll under way announces: it may accept so many jobs until the next one begins. */
  readonly promised: number;
  /** Whether as many jobs are assigned as it announces: more may wait at the service, which shows no more. */
  readonly full: boolean;
}
