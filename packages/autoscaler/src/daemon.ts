import {
  type Clock,
  type FetchLike,
  type Logger,
  type Random,
  realClock,
  realRandom,
  silentLogger,
} from "@scaleset/client";
import { type AutoscalerConfig, targetOf } from "./config/config.js";
import { type AppliedChanges, Fleets } from "./daemon/fleets.js";
import { fixedChanges, planOf } from "./daemon/plan.js";
import type { Problem } from "./engine/problem.js";
import { offStatus } from "./engine/status.js";
import type { AutoscalerObserver } from "./engine/worker-options.js";
import type { SessionRecords } from "./ports/session-records.js";
import type { ExtraProvisioners } from "./provisioners/registry.js";
import { type AutoscalerStatus, snapshot } from "./status/snapshot.js";
import { VERSION } from "./version.js";

/** Everything of the outside that a daemon uses; the real ones by default. A world passes its own. */
export interface AutoscalerPorts {
  /** Sends requests in place of the client's own transport. */
  readonly fetch?: FetchLike | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Provisioners beside the built-in ones: by what the config calls them, or a list, each called by its own kind. */
  readonly provisioners?: ExtraProvisioners | undefined;
  /**
   * Where open sessions are remembered, so that the next start after a crash closes its own one at once. Without it such
   * a start waits until the service ends that session.
   */
  readonly sessionRecords?: SessionRecords | undefined;
  /** Told of everything that is decided and done. Must not throw. */
  readonly observer?: AutoscalerObserver | undefined;
  /** Read for proxies. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface Autoscaler {
  /**
   * Opens the backends and works until the signal aborts: then sessions are closed, scale sets kept, and runners left
   * alone; the next start adopts them. Nothing that a server answers ends it, and a scale set that fails is its own
   * trouble: it is tried again while the others work.
   *
   * @throws what the first scale set came to, where none of them could be begun at all
   */
  run(options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * Works by another configuration from now on, changed scale set by changed scale set, without touching running jobs.
   * Resolves when all of it is begun; what drains goes on draining. Calls queue up. `owner` and `stateFolder` stay as
   * they were.
   *
   * @throws {RangeError} for a configuration that names a target that is not there, or one scale set twice: the old one stays
   */
  reload(
    config: AutoscalerConfig,
    options?: { readonly provisioners?: ExtraProvisioners | undefined },
  ): Promise<AppliedChanges>;
  /**
   * Every scale set whose launches pause because its provisioner refused one tries again at once. For when a person has
   * mended what it was refused for: nothing tells the daemon of a folder that was made, or of a right that was given.
   */
  retryLaunches(): void;
  /** Shows on the status page that a configuration could not be taken, and why; undefined takes that back. */
  refuseConfig(why: string | undefined): void;
  /** Everything, as it is now. Before `run` no scale set is in it but those that are off. */
  status(): AutoscalerStatus;
}

/**
 * Wires a daemon from its configuration. Nothing is done before `run`.
 *
 * @throws {RangeError} for a configuration that names a target that is not there, or one scale set twice
 */
export function createAutoscaler(initial: AutoscalerConfig, ports: AutoscalerPorts = {}): Autoscaler {
  const clock = ports.clock ?? realClock;
  const logger = ports.logger ?? silentLogger;
  const { fetch, observer, env, sessionRecords } = ports;
  const world = { clock, random: ports.random ?? realRandom, logger, fetch, observer, env, sessionRecords };
  const fleets = new Fleets(initial, world, ports.provisioners ?? []);
  const startedAt = { at: clock.now(), monotonic: clock.monotonic() };
  let config = initial;
  let plan = planOf(initial);
  let stopping: AbortSignal | undefined;
  let refused: string | undefined;
  let fixed: readonly string[] = [];
  let applying: Promise<unknown> = Promise.resolve();

  const apply = (): Promise<AppliedChanges> => fleets.apply(plan, config.limits);
  /** One after the other: the second finds what the first has made. */
  const queued = <Result>(task: () => Promise<Result>): Promise<Result> => {
    const result = applying.then(task);
    applying = result.catch(() => {});
    return result;
  };

  return {
    async run({ signal }) {
      stopping = signal;
      try {
        const { begun, failed } = await queued(apply);
        const [first] = failed;
        if (begun.length === failed.length && first !== undefined && !signal.aborted) throw first.error;
        // Also with no scale set to work for it stays, until it is told to stop.
        await aborted(signal);
      } finally {
        await fleets.stop();
      }
    },
    reload(next, { provisioners } = {}) {
      return queued(async () => {
        plan = planOf(next);
        config = next;
        fixed = fixedChanges(initial, next);
        if (provisioners !== undefined) fleets.provisioners = provisioners;
        if (fixed.length > 0) logger.warn({ settings: fixed }, restartNeeded(fixed).message);
        return await apply();
      });
    },
    retryLaunches: () => fleets.retryLaunches(),
    refuseConfig: (why) => {
      refused = why;
    },
    status: () =>
      snapshot({
        version: VERSION,
        owner: initial.owner,
        limits: config.limits,
        at: clock.now(),
        startedAt: startedAt.at,
        uptimeMs: Math.round(clock.monotonic() - startedAt.monotonic),
        stopping: stopping?.aborted === true,
        problems: [
          ...(refused === undefined ? [] : [configRefused(refused)]),
          ...(fixed.length === 0 ? [] : [restartNeeded(fixed)]),
        ],
        scaleSets: [...fleets.status(plan), ...offSets(config)],
      }),
  };
}

function offSets(config: AutoscalerConfig): ReturnType<typeof offStatus>[] {
  const off = config.scaleSets.filter(({ maxRunners }) => maxRunners === 0);
  return off.map((scaleSet) => offStatus(scaleSet.name, targetOf(config, scaleSet).url));
}

function configRefused(why: string): Problem {
  return {
    code: "config-refused",
    level: "error",
    message: `the config was not taken, the one before stays: ${why}`,
    remedy:
      "mend it (scaleset validate FILE says all that is wrong); it is tried again by itself, and at once on SIGHUP",
  };
}

/** Runners are found by what the folder says of them. */
const LEFT_BEHIND =
  ", but runners that the old folder has count as another machine's from then on: they end by themselves, and what is left of them there is to be removed by hand";

function restartNeeded(settings: readonly string[]): Problem {
  return {
    code: "restart-needed",
    level: "warning",
    message: `${settings.join(" and ")} can't change while the daemon runs: the old value stays`,
    remedy: `restart the daemon when it suits; running jobs go on${settings.includes("stateFolder") ? LEFT_BEHIND : ""}`,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
