import { Connection } from "./auth/connection.js";
import { GitHubApi } from "./auth/github-api.js";
import type { Clock, Random } from "./clock.js";
import { type DebugInfo, debugInfoOf } from "./debug-info.js";
import { ScaleSetError } from "./errors.js";
import type { ConfigTarget } from "./http/config-url.js";
import { selectTransport } from "./http/select-transport.js";
import { Sender } from "./http/sender.js";
import type { SystemInfo } from "./http/user-agent.js";
import type { Logger } from "./logger.js";
import { type ResolvedOptions, resolveOptions, type ScaleSetClientOptions } from "./options.js";
import { ActionsService, RUNNER_GROUPS, RUNNERS, SCALE_SETS, type ServiceCall } from "./service/actions-service.js";
import { atMostOne } from "./service/at-most-one.js";
import { ensureScaleSet } from "./service/ensure.js";
import type { MessageSession } from "./session/message-session.js";
import { openSession } from "./session/open-session.js";
import { deleteSession } from "./session/session-calls.js";
import type {
  AcquirableJob,
  CallOptions,
  EnsuredRunnerScaleSet,
  JitRunnerConfig,
  NewRunnerScaleSet,
  OpenSessionOptions,
  RunnerDownload,
  RunnerGroup,
  RunnerReference,
  RunnerScaleSet,
  RunnerScaleSetChanges,
} from "./types.js";
import { acquirableJobs } from "./wire/message.js";
import { jitConfig, runner } from "./wire/runner.js";
import { listOf, runnerGroups, scaleSet, scaleSetBody, scaleSets } from "./wire/scale-set.js";

/** Name of the runner group that is always there. */
export const DEFAULT_RUNNER_GROUP = "default";

/**
 * The runner scale set service of one organization, repository or enterprise. Share one client between all scale sets
 * of the same config URL: they then share tokens and connections.
 *
 * Every method rejects with a {@link ScaleSetError}, or with the reason of its `signal`. What any call can fail with, and
 * its own documentation does not repeat: `NETWORK`, `TIMEOUT`, `PROTOCOL`, `SERVER_ERROR` and `RATE_LIMITED`, once it was
 * repeated as {@link RetryPolicy} says; `UNAUTHORIZED` and `FORBIDDEN`, when the credentials do not do; `NOT_FOUND`,
 * `CONFLICT` and `BAD_REQUEST`, when a refusal says no more than that; `CLOSED`.
 *
 * @example
 * ```ts
 * await using client = new ScaleSetClient({
 *   configUrl: "https://github.com/acme",
 *   credentials: githubApp({ clientId, privateKey }),
 * });
 * const group = await client.getRunnerGroupByName(DEFAULT_RUNNER_GROUP);
 * const set = await client.ensureRunnerScaleSet({ name: "linux-x64", runnerGroupId: group.id });
 * ```
 */
export class ScaleSetClient implements AsyncDisposable {
  /** What the config URL means. */
  readonly target: ConfigTarget;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Where chance comes from. */
  readonly random: Random;
  /** Where log records go. */
  readonly logger: Logger;
  readonly #options: ResolvedOptions;
  readonly #sender: Sender;
  readonly #connection: Connection;
  readonly #service: ActionsService;

  /**
   * Reads options and sends nothing.
   *
   * @throws {@link ScaleSetError} `CONFIG` for what can never work.
   */
  constructor(options: ScaleSetClientOptions) {
    const resolved = resolveOptions(options);
    this.#options = resolved;
    this.target = resolved.target;
    this.clock = resolved.clock;
    this.random = resolved.random;
    this.logger = resolved.logger;
    this.#sender = new Sender(resolved, selectTransport(resolved));
    this.#connection = new Connection(new GitHubApi(resolved.target, this.#sender), resolved.credentials);
    this.#service = new ActionsService(this.#sender, this.#connection);
    if (resolved.network.rejectUnauthorized === false) {
      this.logger.warn({}, "the server's certificate is not checked: whoever is in between can read the tokens");
    }
  }

  /**
   * The scale set of that name in that group, or undefined.
   *
   * @throws {@link ScaleSetError} `AMBIGUOUS` for more than one.
   */
  async getRunnerScaleSet(
    runnerGroupId: number,
    name: string,
    options: CallOptions = {},
  ): Promise<RunnerScaleSet | undefined> {
    const found = await this.#value({
      operation: "getRunnerScaleSet",
      method: "GET",
      path: SCALE_SETS,
      query: { runnerGroupId, name },
      success: 200,
      decode: (_, body) => scaleSets(body()),
      signal: options.signal,
    });
    return atMostOne("getRunnerScaleSet", found, name);
  }

  /**
   * All scale sets of a runner group.
   *
   * @throws {@link ScaleSetError} what any call can.
   */
  async listRunnerScaleSets(runnerGroupId: number, options: CallOptions = {}): Promise<readonly RunnerScaleSet[]> {
    return this.#value({
      operation: "listRunnerScaleSets",
      method: "GET",
      path: SCALE_SETS,
      query: { runnerGroupId },
      success: 200,
      decode: (_, body) => scaleSets(body()),
      signal: options.signal,
    });
  }

  /**
   * One scale set, with its current statistics.
   *
   * @throws {@link ScaleSetError} `SCALE_SET_NOT_FOUND`
   */
  async getRunnerScaleSetById(scaleSetId: number, options: CallOptions = {}): Promise<RunnerScaleSet> {
    return this.#value({
      operation: "getRunnerScaleSetById",
      method: "GET",
      path: `${SCALE_SETS}/${scaleSetId}`,
      success: 200,
      decode: (_, body) => scaleSet(body()),
      scaleSetId,
      signal: options.signal,
    });
  }

  /**
   * Makes a scale set. Not repeated where it might have happened.
   *
   * @throws {@link ScaleSetError} `SCALE_SET_EXISTS`, `CONFLICT` or `BAD_REQUEST` when the group has that name already, by
   * the service's mood: {@link ScaleSetClient.ensureRunnerScaleSet} sees to it.
   */
  async createRunnerScaleSet(wanted: NewRunnerScaleSet, options: CallOptions = {}): Promise<RunnerScaleSet> {
    const { name, labels, disableUpdate } = wanted;
    return this.#value({
      operation: "createRunnerScaleSet",
      method: "POST",
      path: SCALE_SETS,
      body: scaleSetBody({
        ...wanted,
        labels: labels === undefined || labels.length === 0 ? [name] : labels,
        disableUpdate: disableUpdate ?? false,
      }),
      repeat: "uncommitted",
      success: [200, 201],
      decode: (_, body) => scaleSet(body()),
      signal: options.signal,
    });
  }

  /**
   * Changes a scale set. Can be answered with success and have ignored a field:
   * {@link ScaleSetClient.ensureRunnerScaleSet} tells.
   *
   * @throws {@link ScaleSetError} `SCALE_SET_NOT_FOUND`
   */
  async updateRunnerScaleSet(
    scaleSetId: number,
    changes: RunnerScaleSetChanges,
    options: CallOptions = {},
  ): Promise<RunnerScaleSet> {
    return this.#value({
      operation: "updateRunnerScaleSet",
      method: "PATCH",
      path: `${SCALE_SETS}/${scaleSetId}`,
      body: scaleSetBody(changes),
      success: 200,
      decode: (_, body) => scaleSet(body()),
      scaleSetId,
      signal: options.signal,
    });
  }

  /**
   * Deletes a scale set. Its runners that live are orphaned: remove them first.
   *
   * @throws {@link ScaleSetError} `SCALE_SET_NOT_FOUND`
   */
  async deleteRunnerScaleSet(scaleSetId: number, options: CallOptions = {}): Promise<void> {
    await this.#value({
      operation: "deleteRunnerScaleSet",
      method: "DELETE",
      path: `${SCALE_SETS}/${scaleSetId}`,
      success: 204,
      decode: () => undefined,
      scaleSetId,
      signal: options.signal,
    });
  }

  /**
   * Gets the scale set, or makes it, or changes what differs; `drift` tells what the service ignored (F18), and it is
   * logged. Somebody who makes the same one at the same time is no problem.
   *
   * @throws {@link ScaleSetError} `AMBIGUOUS` when the group has more than one of that name; `BAD_REQUEST` when the service
   * refuses what is wanted.
   *
   * @example
   * ```ts
   * const { id, drift } = await client.ensureRunnerScaleSet({
   *   name: "linux-x64",
   *   runnerGroupId: group.id,
   *   labels: ["linux-x64", "fast"],
   * });
   * for (const { field, wanted, actual } of drift) console.warn(`${field} of ${id}: wanted ${wanted}, is ${actual}`);
   * ```
   */
  async ensureRunnerScaleSet(wanted: NewRunnerScaleSet, options: CallOptions = {}): Promise<EnsuredRunnerScaleSet> {
    const ensured = await ensureScaleSet(this, wanted, options);
    for (const drift of ensured.drift) {
      this.logger.warn({ scaleSetId: ensured.id, name: ensured.name, ...drift }, "the service ignored a setting");
    }
    return ensured;
  }

  /**
   * The runner group of that name. The default group is called `default` and has id 1.
   *
   * @throws {@link ScaleSetError} `RUNNER_GROUP_NOT_FOUND`, `AMBIGUOUS`
   */
  async getRunnerGroupByName(name: string, options: CallOptions = {}): Promise<RunnerGroup> {
    const operation = "getRunnerGroupByName";
    const found = await this.#value({
      operation,
      method: "GET",
      path: RUNNER_GROUPS,
      query: { groupName: name },
      success: 200,
      decode: (_, body) => runnerGroups(body()),
      signal: options.signal,
    });
    const group = atMostOne(operation, found, name);
    if (group === undefined) {
      throw new ScaleSetError("RUNNER_GROUP_NOT_FOUND", `there is no runner group ${name}`, { operation });
    }
    return group;
  }

  /**
   * Registers a runner and answers what it needs to start, once. Never repeated where it might have happened (F15): after a
   * failure take another name, and remove what {@link ScaleSetClient.getRunnerByName} finds under this one.
   *
   * @param runnerSetting - the runner's name, new each time, and the folder that it works in. @default `_work`
   * @throws {@link ScaleSetError} `RUNNER_EXISTS` when the name is taken, `SCALE_SET_NOT_FOUND`
   *
   * @example
   * ```ts
   * const name = `runner-${crypto.randomUUID()}`;
   * const { runner, encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name });
   * // ./run.sh with ACTIONS_RUNNER_INPUT_JITCONFIG = encodedJitConfig.reveal() in its environment
   * console.log(`${runner.name} is registered as ${runner.id}`);
   * ```
   */
  async generateJitRunnerConfig(
    scaleSetId: number,
    runnerSetting: { readonly name: string; readonly workFolder?: string | undefined },
    options: CallOptions = {},
  ): Promise<JitRunnerConfig> {
    const { name, workFolder = "_work" } = runnerSetting;
    return this.#value({
      operation: "generateJitRunnerConfig",
      method: "POST",
      path: `${SCALE_SETS}/${scaleSetId}/generatejitconfig`,
      body: JSON.stringify({ name, workFolder }),
      repeat: "uncommitted",
      success: 200,
      decode: (_, body) => jitConfig(body()),
      scaleSetId,
      signal: options.signal,
    });
  }

  /**
   * One registered runner. Its registration ends with its job.
   *
   * @throws {@link ScaleSetError} `RUNNER_NOT_FOUND`
   */
  async getRunner(runnerId: number, options: CallOptions = {}): Promise<RunnerReference> {
    return this.#value({
      operation: "getRunner",
      method: "GET",
      path: `${RUNNERS}/${runnerId}`,
      success: 200,
      decode: (_, body) => runner(body()),
      signal: options.signal,
    });
  }

  /**
   * The runner of that name, or undefined.
   *
   * @throws {@link ScaleSetError} `AMBIGUOUS` for more than one.
   */
  async getRunnerByName(name: string, options: CallOptions = {}): Promise<RunnerReference | undefined> {
    const found = await this.#value({
      operation: "getRunnerByName",
      method: "GET",
      path: RUNNERS,
      query: { agentName: name },
      success: 200,
      decode: (_, body) => listOf(body(), runner),
      signal: options.signal,
    });
    return atMostOne("getRunnerByName", found, name);
  }

  /**
   * Every runner that this config URL can see, also those of other scale sets.
   *
   * @throws {@link ScaleSetError} what any call can.
   */
  async listRunners(options: CallOptions = {}): Promise<readonly RunnerReference[]> {
    return this.#value({
      operation: "listRunners",
      method: "GET",
      path: RUNNERS,
      success: 200,
      decode: (_, body) => listOf(body(), runner),
      signal: options.signal,
    });
  }

  /**
   * Removes a runner's registration. Success means that nobody uses it any more, and that its machine can go.
   *
   * @throws {@link ScaleSetError} `JOB_STILL_RUNNING`: keep it; `RUNNER_NOT_FOUND`: its job may have ended, or it was
   * removed before
   */
  async removeRunner(runnerId: number, options: CallOptions = {}): Promise<void> {
    await this.#value({
      operation: "removeRunner",
      method: "DELETE",
      path: `${RUNNERS}/${runnerId}`,
      success: 204,
      decode: () => undefined,
      signal: options.signal,
    });
  }

  /**
   * Where the official runner can be downloaded, for each system. GitHub's API answers, not the service.
   *
   * @throws {@link ScaleSetError} what any call can.
   */
  listRunnerDownloads(options: CallOptions = {}): Promise<readonly RunnerDownload[]> {
    return this.#connection.listRunnerDownloads(options.signal);
  }

  /**
   * Jobs that wait to be acquired (GHES); a session's messages tell them too.
   *
   * @throws {@link ScaleSetError} `SCALE_SET_NOT_FOUND`
   */
  async listAcquirableJobs(scaleSetId: number, options: CallOptions = {}): Promise<readonly AcquirableJob[]> {
    return this.#value({
      operation: "listAcquirableJobs",
      method: "GET",
      path: `${SCALE_SETS}/${scaleSetId}/acquirablejobs`,
      success: [200, 204],
      decode: (answer, body) => (answer.status === 204 ? [] : acquirableJobs(body())),
      scaleSetId,
      signal: options.signal,
    });
  }

  /**
   * Opens the scale set's message session; there is one at a time. Not repeated where it might have happened. Close it, or
   * nobody can open another one for about a minute.
   *
   * @throws {@link ScaleSetError} `SESSION_CONFLICT`: another one lives, `serviceMessage` says whose; `SESSION_UNUSABLE`: it
   * came without a queue (F5); `SCALE_SET_NOT_FOUND`
   *
   * @example
   * ```ts
   * await using session = await client.openMessageSession(set.id, { owner: "host-1", signal });
   * await scaleTo(session.statistics.totalAssignedJobs); // jobs that waited before we came
   * for await (const message of session.messages({ maxCapacity: 10, signal })) {
   *   await scaleTo(session.statistics.totalAssignedJobs);
   *   await session.acknowledge(message.messageId);
   * }
   * ```
   */
  openMessageSession(scaleSetId: number, options: OpenSessionOptions): Promise<MessageSession> {
    return openSession(this.#service, scaleSetId, options);
  }

  /**
   * Closes a session that is known by its id only: one that an earlier process of ours recorded. A session that is gone
   * already is a success.
   *
   * @throws {@link ScaleSetError} what any call can.
   */
  closeMessageSession(scaleSetId: number, sessionId: string, options: CallOptions = {}): Promise<void> {
    return deleteSession(this.#service, { scaleSetId, sessionId, owner: undefined }, options.signal);
  }

  /** Who calls, as the `User-Agent` says it. */
  get systemInfo(): SystemInfo {
    return this.#sender.systemInfo;
  }

  /**
   * Says who calls from now on, in the `User-Agent`; for instance once the scale set's id is known.
   *
   * @example
   * ```ts
   * client.setSystemInfo({ ...client.systemInfo, scaleSetId: set.id });
   * ```
   */
  setSystemInfo(info: SystemInfo): void {
    this.#sender.systemInfo = info;
  }

  /** How this client is set up, without a secret: for bug reports. Sends nothing. */
  debugInfo(): DebugInfo {
    return debugInfoOf(this.#options, this.systemInfo);
  }

  /**
   * Ends what is under way with `CLOSED` and lets connections go. Sessions are not closed: close them first. Idempotent;
   * `await using` does it too.
   *
   * @throws nothing
   */
  close(): Promise<void> {
    return this.#sender.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #value<T>(call: ServiceCall<T>): Promise<T> {
    return (await this.#service.call(call)).value;
  }
}
