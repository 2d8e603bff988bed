import {
  type Clock,
  type Credentials,
  type FetchLike,
  githubApp,
  type Logger,
  personalAccessToken,
  type Random,
  realClock,
  realRandom,
  ScaleSetClient,
  silentLogger,
} from "@scaleset/client";
import { abortable } from "./async/abortable.js";
import type { AutoscalerConfig, CredentialsConfig, ScaleSetConfig } from "./config/config.js";
import { Inventory, LABELS_SCHEMA } from "./engine/inventory.js";
import { identityOf, specHashOf } from "./engine/labels.js";
import { Limiter } from "./engine/limiter.js";
import type { Place } from "./engine/place.js";
import { scopedLogger } from "./engine/scoped-logger.js";
import { offStatus } from "./engine/status.js";
import { Supervisor } from "./engine/supervisor.js";
import { Wakeups } from "./engine/wakeups.js";
import { type AutoscalerObserver, Worker } from "./engine/worker.js";
import type { Backend, Provisioner } from "./ports/provisioner.js";
import { findProvisioner } from "./provisioners/registry.js";
import { ClientScaleSet } from "./service/client-adapter.js";
import { type AutoscalerStatus, snapshot } from "./status/snapshot.js";
import { VERSION } from "./version.js";

/** Everything of the outside that a daemon uses; the real ones by default. A world passes its own. */
export interface AutoscalerPorts {
  /** Sends requests in place of the client's own transport. */
  readonly fetch?: FetchLike | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
  /** Provisioners beside the built-in ones. */
  readonly provisioners?: readonly Provisioner[] | undefined;
  /** Told of everything that is decided and done. Must not throw. */
  readonly observer?: AutoscalerObserver | undefined;
  /** Read for proxies. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface Autoscaler {
  /**
   * Opens the backends and works until the signal aborts: then sessions are closed, scale sets kept, and runners left
   * alone; the next start adopts them. Nothing that a server answers ends it.
   *
   * @throws {BackendError} where a backend can't be opened
   */
  run(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Everything, as it is now. Before `run` no scale set is in it but those that are off. */
  status(): AutoscalerStatus;
}

/** More than this at once would only queue at the service. */
const ENDINGS_AT_ONCE = 20;

/** Wires a daemon from its configuration. Nothing is done before `run`. */
export function createAutoscaler(config: AutoscalerConfig, ports: AutoscalerPorts = {}): Autoscaler {
  const clock = ports.clock ?? realClock;
  const random = ports.random ?? realRandom;
  const logger = ports.logger ?? silentLogger;
  const { timings } = config;
  const client = new ScaleSetClient({
    configUrl: config.github.url,
    credentials: credentialsFrom(config.github.credentials),
    systemInfo: { system: "scaleset-autoscaler", version: VERSION, subsystem: "listener" },
    fetch: ports.fetch,
    clock,
    random,
    logger,
    env: ports.env,
  });
  const shared = {
    wakeups: new Wakeups(clock),
    launches: new Limiter(config.limits.launchConcurrency),
    endings: new Limiter(ENDINGS_AT_ONCE),
    clock,
    random,
    timings,
  };

  const open = async (provisioner: ScaleSetConfig["provisioner"], signal: AbortSignal): Promise<Place> => {
    const backend = await openBackend(provisioner, config, { clock, random, logger }, ports.provisioners);
    const deadlineMs = timings.provisionerStepDeadlineMs;
    await tellFindings(backend, provisioner.kind, { clock, logger, signal, deadlineMs });
    return {
      id: specHashOf(provisioner),
      backend,
      inventory: new Inventory({ backend, clock, random, timings, logger }),
    };
  };

  const supervise = (scaleSet: ScaleSetConfig, place: Place): Supervisor => {
    const { name, labels, runnerGroup, disableUpdate, workFolder, namePrefix, provisioner } = scaleSet;
    const log = scopedLogger(logger, { scaleSet: name });
    const make = (): Worker =>
      new Worker({
        ...shared,
        name,
        namePrefix,
        limits: { minRunners: scaleSet.minRunners, maxRunners: scaleSet.maxRunners },
        labels: {
          schema: LABELS_SCHEMA,
          identity: identityOf({ configUrl: config.github.url, runnerGroup, name }),
          owner: config.owner,
          spec: specHashOf({ provisioner, workFolder }),
        },
        service: new ClientScaleSet({
          client,
          name,
          labels,
          runnerGroup,
          disableUpdate,
          workFolder,
          owner: config.owner,
          clock,
          random,
          logger: log,
        }),
        place,
        logger: log,
        observer: ports.observer,
      });
    return new Supervisor({ name, make, clock, random, logger });
  };

  // A poll announces at least 1, and announcing is accepting work: a set that may have no runner is not polled at all.
  const active = config.scaleSets.filter(({ maxRunners }) => maxRunners > 0);
  const off = config.scaleSets.filter(({ maxRunners }) => maxRunners === 0).map(({ name }) => name);
  const startedAt = { at: clock.now(), monotonic: clock.monotonic() };
  let supervisors: readonly Supervisor[] = [];
  let stopping: AbortSignal | undefined;
  return {
    async run({ signal }) {
      stopping = signal;
      const opened = new Map<string, Place>();
      const watching = new AbortController();
      const inventories: Promise<void>[] = [];
      try {
        const begun: Supervisor[] = [];
        for (const scaleSet of active) {
          const key = specHashOf(scaleSet.provisioner);
          const place = opened.get(key) ?? (await open(scaleSet.provisioner, signal));
          opened.set(key, place);
          begun.push(supervise(scaleSet, place));
        }
        supervisors = begun;
        for (const { inventory } of opened.values()) inventories.push(inventory.run(watching.signal));
        // Also with no scale set to work for it stays, until it is told to stop.
        await Promise.all([aborted(signal), ...supervisors.map((supervisor) => supervisor.run(signal))]);
      } finally {
        watching.abort();
        await Promise.all(inventories);
        for (const { backend } of opened.values()) await backend.close();
        await client.close();
      }
    },
    status: () =>
      snapshot({
        version: VERSION,
        owner: config.owner,
        limits: config.limits,
        at: clock.now(),
        startedAt: startedAt.at,
        uptimeMs: Math.round(clock.monotonic() - startedAt.monotonic),
        stopping: stopping?.aborted === true,
        scaleSets: [...supervisors.map((supervisor) => supervisor.status()), ...off.map(offStatus)],
      }),
  };
}

async function openBackend(
  { kind, options }: ScaleSetConfig["provisioner"],
  config: AutoscalerConfig,
  world: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  extra: readonly Provisioner[] | undefined,
): Promise<Backend> {
  const provisioner = findProvisioner(kind, extra);
  return provisioner.open(options, {
    stateFolder: config.stateFolder,
    baseFolder: config.baseFolder,
    ...world,
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What would keep runners from starting here is said at once; it may be mended while the daemon runs. */
async function tellFindings(
  backend: Backend,
  kind: string,
  world: { readonly clock: Clock; readonly logger: Logger; readonly signal: AbortSignal; readonly deadlineMs: number },
): Promise<void> {
  const { clock, logger, signal, deadlineMs } = world;
  using deadline = clock.deadline(deadlineMs, { signal });
  try {
    for (const { level, message, remedy } of await abortable(backend.check(deadline), deadline.signal)) {
      logger[level === "warning" ? "warn" : level]({ provisioner: kind, remedy }, message);
    }
  } catch (error) {
    logger.warn({ err: error, provisioner: kind }, "the provisioner could not be checked");
  }
}
