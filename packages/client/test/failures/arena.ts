import {
  type CallName,
  createSimulator,
  type JournalEntry,
  type Simulator,
  type SimulatorOptions,
} from "@scaleset/simulator";
import {
  Listener,
  type ListenerHandler,
  type ListenerObserver,
  type ListenerOptions,
  type ListenerState,
  type Logger,
  personalAccessToken,
  ScaleSetClient,
  type ScaleSetClientOptions,
} from "../../src/index.js";

/** Waits that would be seconds are milliseconds here; their proportions stay. */
const quick = {
  pollRetryMinMs: 10,
  pollRetryMaxMs: 60,
  ownSessionMinMs: 20,
  ownSessionMaxMs: 80,
  standbyMinMs: 20,
  standbyMaxMs: 80,
  pollIntervalMs: 20,
} as const;

export interface ArenaOptions {
  readonly simulator?: SimulatorOptions;
  readonly client?: Partial<ScaleSetClientOptions>;
}

export interface Listening {
  readonly listener: Listener;
  readonly states: ListenerState[];
  /** Resolves when `run` did, rejects as it does. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The simulator behind a real socket, a client of it, and a scale set. */
export class Arena implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly client: ScaleSetClient;
  readonly logged: string[] = [];
  readonly scaleSetId: number;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(simulator: Simulator, client: ScaleSetClient, logged: string[], scaleSetId: number) {
    this.simulator = simulator;
    this.client = client;
    this.logged = logged;
    this.scaleSetId = scaleSetId;
  }

  static async open(options: ArenaOptions = {}): Promise<Arena> {
    const simulator = createSimulator({ pollHoldMs: 1_500, ...options.simulator });
    await simulator.listen();
    const logged: string[] = [];
    const log =
      (level: string) =>
      (record: object, message?: string): void => {
        logged.push(`${level} ${message ?? ""} ${JSON.stringify(record)}`);
      };
    const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
    const client = new ScaleSetClient({
      configUrl: simulator.configUrl(),
      credentials: personalAccessToken(simulator.token),
      env: {},
      logger,
      retry: { baseMs: 10, maxMs: 40 },
      ...options.client,
    });
    const { id } = await client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1 });
    return new Arena(simulator, client, logged, id);
  }

  listen(
    handler: ListenerHandler,
    options: Partial<ListenerOptions> & { readonly observer?: ListenerObserver } = {},
  ): Listening {
    const states: ListenerState[] = [];
    const stopping = new AbortController();
    const { observer, timings, ...rest } = options;
    const listener = new Listener({
      client: this.client,
      scaleSet: { name: "linux", runnerGroupId: 1, id: this.scaleSetId },
      owner: "host-1",
      maxCapacity: 3,
      handler,
      ...rest,
      timings: { ...quick, ...timings },
      observer: {
        ...observer,
        onState: (state) => {
          states.push(state);
          observer?.onState?.(state);
        },
      },
    });
    const ended = listener.run({ signal: stopping.signal });
    ended.catch(() => {});
    const stop = async (): Promise<void> => {
      stopping.abort();
      await ended;
    };
    this.#stops.push(() => stop().catch(() => {}));
    return { listener, states, ended, stop };
  }

  /** How often a call reached the service, by status where one is given. */
  count(call: CallName, status?: number): number {
    return this.requests(call).filter((entry) => status === undefined || entry.status === status).length;
  }

  requests(call: CallName): JournalEntry[] {
    return this.simulator.journal.entries({ subject: "request" }).filter((entry) => entry.call === call);
  }

  /** Looks again and again for at most 5 s. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const givenUp = performance.now() + 5_000;
    while (!condition()) {
      if (performance.now() > givenUp) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.client.close();
    await this.simulator.close();
  }
}

/** The states of one kind, in order. */
export function of<S extends ListenerState["state"]>(
  states: readonly ListenerState[],
  state: S,
): Extract<ListenerState, { readonly state: S }>[] {
  return states.filter((each): each is Extract<ListenerState, { readonly state: S }> => each.state === state);
}
