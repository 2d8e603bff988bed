import {
  Listener,
  type ListenerHandler,
  type ListenerOptions,
  type ListenerState,
  personalAccessToken,
  ScaleSetClient,
  type ScaleSetClientOptions,
} from "../../src/index.js";
import { FakeService } from "./fake-service.js";
import { VirtualClock } from "./virtual-clock.js";

export interface World {
  readonly clock: VirtualClock;
  readonly service: FakeService;
  readonly client: ScaleSetClient;
  readonly log: string[];
}

/** A client in front of the fake service, under virtual time and with chance that always says one half. */
export function createWorld(options: Partial<ScaleSetClientOptions> = {}): World {
  const clock = new VirtualClock();
  const service = new FakeService(clock);
  const log: string[] = [];
  const record = (data: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(data)}`);
  };
  const client = new ScaleSetClient({
    configUrl: "https://github.com/acme",
    credentials: personalAccessToken("ghp_verySecretToken1234"),
    fetch: service.fetch,
    clock,
    random: () => 0.5,
    env: {},
    logger: { debug: record, info: record, warn: record, error: record },
    ...options,
  });
  return { clock, service, client, log };
}

export interface Listening {
  readonly listener: Listener;
  readonly states: ListenerState[];
  readonly events: string[];
  /** Ends it, and answers how `run` ended. */
  stop(): Promise<void>;
  /** How `run` ends by itself. */
  readonly ended: Promise<void>;
}

/** A listener that runs, with everything that its observer was told. */
export function listen(
  world: World,
  options: Partial<Omit<ListenerOptions, "handler">> & { readonly handler?: ListenerHandler } = {},
): Listening {
  const states: ListenerState[] = [];
  const events: string[] = [];
  const listener = new Listener({
    client: world.client,
    scaleSet: { name: "linux", runnerGroupId: 1, id: 5 },
    owner: "host-1",
    maxCapacity: 10,
    handler: {},
    observer: {
      onState: (state) => states.push(state),
      onSessionOpened: ({ generation, scaleSetId }) => events.push(`opened ${generation} of ${scaleSetId}`),
      onSessionLost: ({ generation }) => events.push(`lost ${generation}`),
      onPollStarted: ({ capacity }) => events.push(`poll ${capacity}`),
      onAnswered: ({ call }) => events.push(`answered ${call}`),
      onPoison: ({ messageId, attempts }) => events.push(`poison ${messageId} after ${attempts}`),
    },
    ...options,
  });
  const stopping = new AbortController();
  const ended = listener.run({ signal: stopping.signal });
  ended.catch(() => {});
  const stop = (): Promise<void> => {
    stopping.abort(new Error("asked to end"));
    return world.clock.run(ended);
  };
  return { listener, states, events, stop, ended };
}
