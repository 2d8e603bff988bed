import {
  type Clock,
  isScaleSetError,
  type JobMessage,
  Listener,
  type ListenerState,
  type Logger,
  type Random,
  type RunnerScaleSetStatistics,
  type ScaleSetClient,
} from "@scaleset/client";
import { type CallOptions, messageOf } from "@scaleset/provisioner";
import type { JobNews } from "../core/events.js";
import type { Statistics } from "../core/model.js";
import type { AnnounceOptions, JitAnswer, ScaleSetService, ServeMode, ServiceHandler } from "../ports/service.js";
import type { OwnSessionRecord } from "../ports/session-records.js";
import { logJobs } from "./job-log.js";
import type { RunnerGroups } from "./runner-groups.js";
import { troubleIn, troubleOf } from "./trouble.js";

export interface ClientScaleSetOptions {
  readonly client: ScaleSetClient;
  /** Shared by the scale sets of a connection. */
  readonly groups: RunnerGroups;
  readonly name: string;
  readonly labels: readonly string[];
  readonly runnerGroup: string;
  readonly disableUpdate: boolean;
  readonly workFolder: string;
  /** Whether a scale set that went away is made anew. @default true */
  readonly recreate?: boolean | undefined;
  /** Who holds the message session. */
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Remembers the open session, so that the next process can close it when this one is killed. */
  readonly sessionRecord?: OwnSessionRecord | undefined;
  /** Awaited before a session that somebody else holds is asked for again, so that a process asks for few at a time. */
  readonly beforeReopen?: ((options: CallOptions) => Promise<void>) | undefined;
}

/** A missing scale set is made anew only after look-ups this far apart found none: an incident hides sets too (F4). */
const RECREATE_AFTER_MS = 60_000;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** However long the service asks to be left alone: a mistaken header must not end a scale set. */
const LONGEST_ASKED_MS = 3_600_000;

/** What the adapter uses of its listener while that runs. */
interface ListenerPort {
  setMaxCapacity(capacity: number, options?: AnnounceOptions): void;
  setPolling(polling: boolean): void;
  restartCursor(): void;
  refresh(options: CallOptions): Promise<RunnerScaleSetStatistics | undefined>;
  readStatistics(options: CallOptions): Promise<RunnerScaleSetStatistics | undefined>;
}

/** The service port over the client: one scale set, found or made, and its listener. */
export class ClientScaleSet implements ScaleSetService {
  readonly #options: ClientScaleSetOptions;
  #listener: ListenerPort | undefined;
  #capacity = 1;
  #lowersAtOnce = false;
  #polling = true;
  #scaleSetId: number | undefined;
  #createdOn: Date | undefined;
  #missingSince: number | undefined;

  constructor(options: ClientScaleSetOptions) {
    this.#options = options;
  }

  async listen(handler: ServiceHandler, { signal }: CallOptions): Promise<void> {
    const { client, name, owner, clock, random, logger, sessionRecord } = this.#options;
    const ensured = await this.#ensureUntilDone(handler, signal);
    if (ensured === undefined) return;
    this.#scaleSetId = ensured.id;
    // A poll's answer renews the lease; what it says must be known by then.
    let answer: { readonly heldMs: number; readonly sentAt: number } | undefined;
    const tellAnswer = (): void => {
      if (answer === undefined) return;
      handler.answered(answer);
      handler.trouble(undefined);
      answer = undefined;
    };
    let openSentAt = Number.NEGATIVE_INFINITY;
    const listener = new Listener({
      client,
      scaleSet: { name, runnerGroupId: ensured.runnerGroupId, id: ensured.id },
      owner,
      maxCapacity: this.#capacity,
      polling: this.#polling,
      clock,
      random,
      logger,
      beforeReopen: this.#options.beforeReopen,
      recordedSession: sessionRecord?.read(),
      resolveScaleSet: ({ signal: during }) => this.#resolve(handler, ensured.runnerGroupId, during),
      handler: {
        onMessage: (message, { redelivered: again, attempt }) => {
          tellAnswer();
          // When handling it failed, it was not taken in yet.
          const redelivered = again && attempt === 1;
          handler.message({ redelivered, statistics: toStatistics(message.statistics), jobs: toNews(message.jobs) });
          if (!redelivered) logJobs(logger, message.jobs);
        },
      },
      observer: {
        onSessionOpened: ({ generation, scaleSetId, sessionId, statistics }) => {
          answer = undefined;
          sessionRecord?.opened({ scaleSetId, sessionId });
          this.#scaleSetId = scaleSetId;
          this.#missingSince = undefined;
          handler.trouble(undefined);
          const scaleSetAgeMs = this.#createdOn && clock.now() - this.#createdOn.getTime();
          const sentAt = openSentAt;
          handler.opened({
            generation,
            scaleSetId,
            sessionId,
            statistics: toStatistics(statistics),
            scaleSetAgeMs,
            sentAt,
          });
        },
        onSessionLost: () => handler.ended(),
        onSessionClosed: ({ sessionId }) => sessionRecord?.closed(sessionId),
        onPollStarted: () => {
          tellAnswer();
          handler.pollBegan();
        },
        onAnswered: ({ call, heldMs, sentAt }) => {
          if (call === "open") openSentAt = sentAt;
          else if (call === "poll") answer = { heldMs, sentAt };
          else handler.answered({ heldMs: undefined, sentAt });
        },
        onState: (state) => {
          // The next poll may be far: one answered with nothing is not kept back until then.
          if (state.state === "recovering") tellAnswer();
          this.#tellState(state, handler);
        },
      },
    });
    this.#listener = listener;
    try {
      await listener.run({ signal });
    } finally {
      this.#listener = undefined;
      handler.ended();
    }
  }

  announce(capacity: number, options?: AnnounceOptions): void {
    const lowerAtOnce = options?.lowerAtOnce ?? false;
    if (capacity === this.#capacity && (this.#lowersAtOnce || !lowerAtOnce)) return;
    this.#capacity = capacity;
    this.#lowersAtOnce = lowerAtOnce;
    this.#listener?.setMaxCapacity(capacity, options);
  }

  /** Without a session for `aside`: who wraps this one ends the listener. */
  serve(mode: ServeMode): void {
    this.#polling = mode === "polling";
    this.#listener?.setPolling(this.#polling);
  }

  restartCursor(): void {
    this.#listener?.restartCursor();
  }

  async renew({ signal }: CallOptions): Promise<Statistics | undefined> {
    return toStatistics(await this.#listener?.refresh({ signal }));
  }

  async requestJitConfig(runnerName: string, { signal }: CallOptions): Promise<JitAnswer> {
    const { client, workFolder } = this.#options;
    if (this.#scaleSetId === undefined) return { outcome: "refused", message: "the scale set is not known yet" };
    try {
      const config = await client.generateJitRunnerConfig(
        this.#scaleSetId,
        { name: runnerName, workFolder },
        { signal },
      );
      return { outcome: "issued", runnerId: config.runner.id, jitConfig: config.encodedJitConfig };
    } catch (error) {
      const message = messageOf(error);
      const refused = isScaleSetError(error) && error.status !== undefined && error.status >= 400 && error.status < 500;
      return { outcome: refused ? "refused" : "unanswered", message };
    }
  }

  async lookUp(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    { signal }: CallOptions,
  ): Promise<"present" | "absent"> {
    const { client } = this.#options;
    if (runner.runnerId === undefined) {
      return (await client.getRunnerByName(runner.name, { signal })) === undefined ? "absent" : "present";
    }
    try {
      await client.getRunner(runner.runnerId, { signal });
      return "present";
    } catch (error) {
      if (isScaleSetError(error, "RUNNER_NOT_FOUND")) return "absent";
      throw error;
    }
  }

  async readStatistics({ signal }: CallOptions): Promise<Statistics | undefined> {
    return toStatistics(await this.#listener?.readStatistics({ signal }));
  }

  async deregister(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    { signal }: CallOptions,
  ): Promise<"removed" | "busy" | "absent"> {
    const { client } = this.#options;
    const id = runner.runnerId ?? (await client.getRunnerByName(runner.name, { signal }))?.id;
    if (id === undefined) return "absent";
    try {
      await client.removeRunner(id, { signal });
      return "removed";
    } catch (error) {
      if (isScaleSetError(error, "JOB_STILL_RUNNING")) return "busy";
      if (isScaleSetError(error, "RUNNER_NOT_FOUND")) return "absent";
      throw error;
    }
  }

  /** Finds or makes the scale set, however long that takes; undefined once the signal aborted. */
  async #ensureUntilDone(
    handler: ServiceHandler,
    signal: AbortSignal,
  ): Promise<{ readonly id: number; readonly runnerGroupId: number } | undefined> {
    const { clock, random, logger } = this.#options;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return await this.#ensure(handler, signal);
      } catch (error) {
        if (signal.aborted) return undefined;
        const asked = isScaleSetError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS) : 0;
        const backoffMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10));
        const waitMs = Math.max(asked, backoffMs * (0.5 + 0.5 * random()));
        const trouble = troubleOf(error);
        handler.trouble(trouble);
        logger.error(
          { err: error, retryInMs: Math.round(waitMs) },
          `the scale set is not available: ${trouble.message}`,
        );
        await clock.sleep(waitMs, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  async #ensure(
    handler: ServiceHandler,
    signal: AbortSignal,
  ): Promise<{ readonly id: number; readonly runnerGroupId: number }> {
    const { client, groups, name, labels, runnerGroup, disableUpdate, logger } = this.#options;
    const runnerGroupId = await groups.idOf(runnerGroup, { signal });
    const set = await client.ensureRunnerScaleSet({ name, runnerGroupId, labels, disableUpdate }, { signal });
    this.#createdOn = set.createdOn;
    logger.info({ scaleSetId: set.id, outcome: set.outcome }, `scale set ${name} is there`);
    const drift = set.drift.map(({ field, wanted, actual }) => `${field}: asked for "${wanted}", got "${actual}"`);
    const words = drift.length === 0 ? undefined : `the service did not take what was asked (${drift.join("; ")})`;
    if (words !== undefined) logger.warn({ scaleSetId: set.id, drift: set.drift }, words);
    handler.drifted(words);
    return { id: set.id, runnerGroupId };
  }

  /** A set that went away: found again by its name, or made anew when it stays away (F4). */
  async #resolve(handler: ServiceHandler, runnerGroupId: number, signal: AbortSignal): Promise<number | undefined> {
    const { client, name, clock, logger, recreate = true } = this.#options;
    const found = await client.getRunnerScaleSet(runnerGroupId, name, { signal });
    if (found !== undefined) {
      this.#missingSince = undefined;
      // Somebody may have made it again by hand, with other labels.
      return (await this.#ensure(handler, signal)).id;
    }
    this.#missingSince ??= clock.monotonic();
    if (clock.monotonic() - this.#missingSince < RECREATE_AFTER_MS) return undefined;
    if (!recreate) {
      logger.error({}, `scale set ${name} is gone from the service, and is not made anew (recreate: false)`);
      return undefined;
    }
    logger.error({}, `scale set ${name} is gone from the service: it is made anew`);
    return (await this.#ensure(handler, signal)).id;
  }

  #tellState(state: ListenerState, handler: ServiceHandler): void {
    if (state.state === "standby") {
      handler.trouble(undefined);
      handler.refused(state.holder);
      return;
    }
    // A session of our own is in the way: whoever held it before does not any longer.
    if (state.state === "waiting" && state.reason === "own-session") handler.ended();
    const trouble = troubleIn(state, this.#options.recreate ?? true);
    if (trouble !== undefined) handler.trouble(trouble);
  }
}

function toStatistics(statistics: RunnerScaleSetStatistics): Statistics;
function toStatistics(statistics: RunnerScaleSetStatistics | undefined): Statistics | undefined;
function toStatistics(statistics: RunnerScaleSetStatistics | undefined): Statistics | undefined {
  return (
    statistics && {
      assigned: statistics.totalAssignedJobs,
      running: statistics.totalRunningJobs,
      registered: statistics.totalRegisteredRunners,
      busy: statistics.totalBusyRunners,
      idle: statistics.totalIdleRunners,
    }
  );
}

function toNews(jobs: readonly JobMessage[]): JobNews[] {
  return jobs.flatMap((job): JobNews[] => {
    switch (job.messageType) {
      case "JobAssigned":
        return [{ kind: "assigned", jobId: job.jobId, runnerName: "" }];
      case "JobStarted":
        return [{ kind: "started", jobId: job.jobId, runnerName: job.runnerName }];
      case "JobCompleted":
        return [{ kind: "completed", jobId: job.jobId, runnerName: job.runnerName }];
      default:
        return [];
    }
  });
}
