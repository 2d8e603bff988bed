import type { FetchLike } from "../../src/index.js";
import type { VirtualClock } from "./virtual-clock.js";

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** `METHOD last-part`, ids left out: how tests name a call. */
  readonly call: string;
}

type Answerer = (request: Request) => Response | Promise<Response>;

export interface QueuedMessage {
  readonly messageId: number;
  readonly raw: string;
}

export const ADMIN_BASE = "https://pipelines.example.test/tenant-7";
export const QUEUE = "https://queue.example.test/q/5?sessionId=s-1&sig=a%2Bb";

/** The service in a page: enough of it to talk to, and every call can be answered otherwise. */
export class FakeService {
  readonly requests: Request[] = [];
  readonly sets = new Map<
    number,
    { id: number; name: string; runnerGroupId: number; labels: object[]; disableUpdate: boolean }
  >();
  readonly queue: QueuedMessage[] = [];
  /** Requests that are being answered right now. */
  open = 0;
  sessions = 0;
  sessionOwner: string | undefined;
  queueToken = "queue-token-1";
  statistics: object | null = statistics({});
  readonly #clock: VirtualClock;
  readonly #next = new Map<string, Answerer[]>();
  readonly #always = new Map<string, Answerer>();
  #wake: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.sets.set(5, {
      id: 5,
      name: "linux",
      runnerGroupId: 1,
      labels: [{ type: "System", name: "linux" }],
      disableUpdate: false,
    });
  }

  /** Answers the next call of that kind otherwise; several queue up. */
  once(call: string, ...answers: Answerer[]): this {
    this.#next.set(call, [...(this.#next.get(call) ?? []), ...answers]);
    return this;
  }

  always(call: string, answer: Answerer | undefined): this {
    if (answer === undefined) this.#always.delete(call);
    else this.#always.set(call, answer);
    return this;
  }

  count(call: string): number {
    return this.requests.filter((request) => request.call === call).length;
  }

  push(messageId: number, message: object): void {
    this.queue.push({
      messageId,
      raw: JSON.stringify({ messageId, messageType: "RunnerScaleSetJobMessages", ...message }),
    });
    for (const wake of this.#wake.splice(0)) wake();
  }

  readonly fetch: FetchLike = async (href, init) => {
    const url = new URL(href);
    const request = {
      method: init.method,
      url,
      headers: new Headers(init.headers),
      body: init.body,
      signal: init.signal,
      call: nameOf(init.method, url),
    };
    this.requests.push(request);
    this.open += 1;
    try {
      await Promise.resolve();
      init.signal.throwIfAborted();
      const other = this.#next.get(request.call)?.shift() ?? this.#always.get(request.call);
      return await (other?.(request) ?? this.#answer(request));
    } finally {
      this.open -= 1;
    }
  };

  async #answer(request: Request): Promise<Response> {
    switch (request.call) {
      case "POST access_tokens":
        return json(201, { token: "installation-token", expires_at: this.#inAnHour() });
      case "GET installation":
        return json(200, { id: 77 });
      case "POST registration-token":
        return json(201, { token: "registration-token", expires_at: this.#inAnHour() });
      case "POST runner-registration":
        return json(200, { url: `${ADMIN_BASE}/`, token: this.adminJwt() });
      case "GET runnerscalesets": {
        const name = request.url.searchParams.get("name");
        const value = [...this.sets.values()].filter((set) => name === null || set.name === name).map(wireSet);
        return json(200, { count: value.length, value });
      }
      case "GET runnerscalesets/ID": {
        const set = this.sets.get(idIn(request.url));
        return set === undefined ? scaleSetMissing() : json(200, wireSet(set));
      }
      case "POST runnerscalesets": {
        const wanted = JSON.parse(request.body ?? "");
        const set = { id: 6, ...wanted, disableUpdate: wanted.RunnerSetting.disableUpdate };
        this.sets.set(6, set);
        return json(200, wireSet(set));
      }
      case "PATCH runnerscalesets/ID": {
        const set = this.sets.get(idIn(request.url));
        if (set === undefined) return scaleSetMissing();
        const { RunnerSetting, ...changes } = JSON.parse(request.body ?? "");
        Object.assign(set, changes, RunnerSetting);
        return json(200, wireSet(set));
      }
      case "POST sessions": {
        if (!this.sets.has(idIn(request.url))) return scaleSetMissing();
        if (this.sessionOwner !== undefined) return conflict(this.sessionOwner);
        this.sessionOwner = JSON.parse(request.body ?? "").ownerName;
        this.sessions += 1;
        return json(200, this.session());
      }
      case "PATCH sessions/ID":
        return json(200, this.session());
      case "DELETE sessions/ID":
        this.sessionOwner = undefined;
        return new Response(null, { status: 204 });
      case "GET queue":
        return this.#poll(request);
      case "DELETE queue": {
        if (this.#wrongQueueToken(request)) return new Response(null, { status: 401 });
        const id = Number(request.url.pathname.split("/").pop());
        const at = this.queue.findIndex((message) => message.messageId === id);
        if (at !== -1) this.queue.splice(at, 1);
        return new Response(null, { status: 204 });
      }
      case "POST acquirejobs":
        if (this.#wrongQueueToken(request)) return new Response(null, { status: 401 });
        return new Response(`{"count":1,"value":${request.body}}`, { status: 200 });
      case "GET acquirablejobs":
        return new Response(null, { status: 204 });
      case "POST generatejitconfig":
        return json(200, {
          runner: { id: 41, name: JSON.parse(request.body ?? "").name, runnerScaleSetId: 5 },
          encodedJITConfig: "aml0LWNvbmZpZw==",
        });
      default:
        throw new Error(`the fake does not know ${request.call} (${request.url.href})`);
    }
  }

  session(): object {
    return {
      sessionId: "6a7bd5b1-0000-4000-8000-000000000001",
      ownerName: this.sessionOwner,
      messageQueueUrl: QUEUE,
      messageQueueAccessToken: this.queueToken,
      statistics: this.statistics,
      runnerScaleSet: { id: 5, name: "linux", status: "online" },
    };
  }

  adminJwt(): string {
    const exp = Math.floor(this.#clock.now() / 1_000) + 3_600;
    return `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.sig${exp}`;
  }

  async #poll(request: Request): Promise<Response> {
    const after = Number(request.url.searchParams.get("lastMessageId") ?? 0);
    const until = this.#clock.monotonic() + 50_000;
    for (;;) {
      if (this.#wrongQueueToken(request)) return new Response(null, { status: 401 });
      const found = this.queue
        .filter(({ messageId }) => messageId > after)
        .sort((a, b) => a.messageId - b.messageId)[0];
      if (found !== undefined) return new Response(found.raw, { status: 200 });
      const left = until - this.#clock.monotonic();
      if (left <= 0) return new Response(null, { status: 202 });
      const stop = new AbortController();
      const link = (): void => stop.abort(request.signal.reason);
      request.signal.addEventListener("abort", link, { once: true });
      this.#wake.push(() => stop.abort("pushed"));
      try {
        await this.#clock.sleep(left, { signal: stop.signal });
      } catch {
        request.signal.throwIfAborted();
      } finally {
        request.signal.removeEventListener("abort", link);
      }
    }
  }

  #wrongQueueToken(request: Request): boolean {
    return request.headers.get("authorization") !== `Bearer ${this.queueToken}`;
  }

  #inAnHour(): string {
    return new Date(this.#clock.now() + 3_600_000).toISOString();
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

export function exception(status: number, typeName: string, message = "refused"): Response {
  const full = `GitHub.Actions.Runtime.WebApi.${typeName}, GitHub.Actions.Runtime.WebApi`;
  return json(status, { typeName: full, message }, { ActivityId: "act-1", "X-GitHub-Request-Id": "req-1" });
}

export function conflict(owner: string): Response {
  const message = `The runner scale set linux already has an active session for owner ${owner}.`;
  return exception(409, "RunnerScaleSetSessionConflictException", message);
}

export function scaleSetMissing(): Response {
  return exception(404, "RunnerScaleSetNotFoundException");
}

export function statistics(counts: Partial<Record<string, number>>): object {
  return {
    totalAvailableJobs: 0,
    totalAcquiredJobs: 0,
    totalAssignedJobs: 0,
    totalRunningJobs: 0,
    totalRegisteredRunners: 0,
    totalBusyRunners: 0,
    totalIdleRunners: 0,
    ...counts,
  };
}

export function jobs(...messages: object[]): { body: string; statistics: object } {
  return { body: JSON.stringify(messages), statistics: statistics({ totalAssignedJobs: messages.length }) };
}

function wireSet(set: {
  id: number;
  name: string;
  runnerGroupId: number;
  labels: object[];
  disableUpdate: boolean;
}): object {
  const { disableUpdate, ...rest } = set;
  return {
    ...rest,
    runnerGroupName: "default",
    RunnerSetting: { disableUpdate },
    createdOn: "2026-01-01T00:00:00Z",
    statistics: null,
  };
}

function idIn(url: URL): number {
  return Number(/runnerscalesets\/(\d+)/.exec(url.pathname)?.[1]);
}

function nameOf(method: string, url: URL): string {
  if (url.host === "queue.example.test") return `${method} queue`;
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  const before = parts.at(-2) ?? "";
  return /^\d+$|^[0-9a-f]{8}-/.test(last) ? `${method} ${before}/ID` : `${method} ${last}`;
}
