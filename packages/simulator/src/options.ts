import type { AppRules } from "./gate/app-jwt.js";
import { fixedRunnerKeys, type RunnerKeys } from "./keys/runner-keys.js";
import { defaultServiceOptions, type ServiceOptions } from "./service/options.js";
import type { Clock } from "./time/clock.js";
import type { Random } from "./time/random.js";
import { backgroundClock, realRandom } from "./time/real-clock.js";
import type { UrlShapes } from "./wire/endpoints.js";

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** How a simulator behaves. Everything has a default; the rules of the service are described at `ServiceOptions`. */
export interface SimulatorOptions extends Optional<ServiceOptions> {
  /** @default the machine's clock; what waits on it keeps no process alive */
  readonly clock?: Clock | undefined;
  /** Where ids, tokens and chances come from. @default the machine's own */
  readonly random?: Random | undefined;
  /** Shapes of the URLs. Clients take any host for a GHES that is not github.com's. @default "ghes" */
  readonly urls?: UrlShapes | undefined;
  /** How long a poll is held before it is answered with nothing. @unit milliseconds @default 50_000 */
  readonly pollHoldMs?: number | undefined;
  /** Keys for JIT configs. @default eight fixed public test keys */
  readonly runnerKeys?: RunnerKeys | undefined;
  /** The personal access token it accepts. @default "simulator-token" */
  readonly token?: string | undefined;
  /** Scopes of the personal access token, as a classic one has them; less than a call needs is a 403 that names both. @default all */
  readonly tokenScopes?: readonly string[] | undefined;
  /** A time of the simulator's clock as its clients' clocks show it, if theirs go at another pace. @default the same */
  readonly peerTime?: ((atMs: number) => number) | undefined;
  /** What it knows of the GitHub App; what is not given is not checked. */
  readonly app?: AppRules | undefined;
  /** Whether the Actions service's base URL ends in a slash; clients must cope with both. @default true */
  readonly serviceUrlTrailingSlash?: boolean | undefined;
  /** Origin for in-process use. @default "https://github.example.test", or "https://github.com" when hosted */
  readonly origin?: string | undefined;
  /** Origin by which runners reach the simulator, if it is another one than the client's. @default the client's */
  readonly runnerUrl?: string | undefined;
  /** Journal entries kept. @default 100_000 */
  readonly journalCapacity?: number | undefined;
}

/** The options with nothing left open. */
export interface ResolvedOptions {
  readonly rules: ServiceOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly urls: UrlShapes;
  readonly pollHoldMs: number;
  readonly runnerKeys: RunnerKeys;
  readonly token: string;
  readonly app: AppRules;
  readonly tokenScopes: readonly string[] | undefined;
  readonly peerTime: (atMs: number) => number;
  readonly serviceUrlTrailingSlash: boolean;
  readonly origin: string;
  readonly runnerUrl: string | undefined;
  readonly journalCapacity: number;
}

/** @throws TypeError on a value that makes no sense */
export function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  const urls = options.urls ?? "ghes";
  const rules = resolveRules(options);
  const durations: readonly number[] = [options.pollHoldMs ?? 50_000, rules.sessionTimeoutMs, rules.lapseMs];
  if (durations.some((value) => !(value > 0))) {
    throw new TypeError("pollHoldMs, sessionTimeoutMs and lapseMs must be above 0");
  }
  return {
    rules,
    clock: options.clock ?? backgroundClock,
    random: options.random ?? realRandom,
    urls,
    pollHoldMs: options.pollHoldMs ?? 50_000,
    runnerKeys: options.runnerKeys ?? fixedRunnerKeys,
    token: options.token ?? "simulator-token",
    app: options.app ?? {},
    tokenScopes: options.tokenScopes,
    peerTime: options.peerTime ?? ((atMs) => atMs),
    serviceUrlTrailingSlash: options.serviceUrlTrailingSlash ?? true,
    origin: options.origin ?? (urls === "ghes" ? "https://github.example.test" : "https://github.com"),
    runnerUrl: options.runnerUrl?.replace(/\/+$/, ""),
    journalCapacity: options.journalCapacity ?? 100_000,
  };
}

function resolveRules(options: SimulatorOptions): ServiceOptions {
  const given = defaultServiceOptions;
  return {
    assignment: options.assignment ?? given.assignment,
    offersBeyondAnnounced: options.offersBeyondAnnounced ?? given.offersBeyondAnnounced,
    sessionTimeoutMs: options.sessionTimeoutMs ?? given.sessionTimeoutMs,
    maxJobMessages: options.maxJobMessages ?? given.maxJobMessages,
    mergeUndelivered: options.mergeUndelivered ?? given.mergeUndelivered,
    statisticsAt: options.statisticsAt ?? given.statisticsAt,
    countOfflineRunners: options.countOfflineRunners ?? given.countOfflineRunners,
    lapseMs: options.lapseMs ?? given.lapseMs,
    requeueDelaysMs: options.requeueDelaysMs ?? given.requeueDelaysMs,
    strandOnZeroCapacity: options.strandOnZeroCapacity ?? given.strandOnZeroCapacity,
    multiLabel: options.multiLabel ?? given.multiLabel,
    acknowledgeUnknown: options.acknowledgeUnknown ?? given.acknowledgeUnknown,
    acknowledgeInLostSession: options.acknowledgeInLostSession ?? given.acknowledgeInLostSession,
    refreshStatistics: options.refreshStatistics ?? given.refreshStatistics,
    refreshEndsPoll: options.refreshEndsPoll ?? given.refreshEndsPoll,
    refreshMovesQueue: options.refreshMovesQueue ?? given.refreshMovesQueue,
    assignedWithoutSession: options.assignedWithoutSession ?? given.assignedWithoutSession,
    conflictNamesOwner: options.conflictNamesOwner ?? given.conflictNamesOwner,
    deregistrationDelayMs: options.deregistrationDelayMs ?? given.deregistrationDelayMs,
    messageTtlMs: options.messageTtlMs ?? given.messageTtlMs,
    endedJobsKept: options.endedJobsKept ?? given.endedJobsKept,
    goneKept: options.goneKept ?? given.goneKept,
    runnersAcknowledge: options.runnersAcknowledge ?? given.runnersAcknowledge,
    largeIds: options.largeIds ?? given.largeIds,
    runnerTimeoutMs: options.runnerTimeoutMs ?? given.runnerTimeoutMs,
    acquireTimeoutMs: options.acquireTimeoutMs ?? given.acquireTimeoutMs,
    jobLockMs: options.jobLockMs ?? given.jobLockMs,
    offlineRunnerTtlMs: options.offlineRunnerTtlMs ?? given.offlineRunnerTtlMs,
    idleRunnerTtlMs: options.idleRunnerTtlMs ?? given.idleRunnerTtlMs,
    orphanedRunners: options.orphanedRunners ?? given.orphanedRunners,
    registrationTokenTtlMs: options.registrationTokenTtlMs ?? given.registrationTokenTtlMs,
    adminTokenTtlMs: options.adminTokenTtlMs ?? given.adminTokenTtlMs,
    queueTokenTtlMs: options.queueTokenTtlMs ?? given.queueTokenTtlMs,
    runnerTokenTtlMs: options.runnerTokenTtlMs ?? given.runnerTokenTtlMs,
  };
}
