import {
  createSimulator,
  type Simulator,
  type SimulatorFetch,
  type SimulatorOptions,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";

/** A parsed answer; `body` is whatever JSON came, for tests to look into. */
export interface Raw {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly body: any;
}

export interface RawSession {
  readonly id: string;
  readonly setId: number;
  readonly queueUrl: string;
  readonly queueToken: string;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body: any;
}

export interface Sending {
  readonly method?: string;
  readonly token?: string;
  readonly scheme?: string;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export async function send(fetch: SimulatorFetch, url: string, options: Sending = {}): Promise<Raw> {
  const { method = "GET", token, scheme = "Bearer", json, headers = {}, signal } = options;
  const response = await fetch(url, {
    method,
    headers: {
      "user-agent": "test",
      ...(token === undefined ? {} : { authorization: `${scheme} ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

/** Speaks the scale set protocol by hand, so that tests see what is on the wire. */
export class RawClient {
  readonly fetch: SimulatorFetch;
  readonly base: string;
  readonly admin: string;

  private constructor(fetch: SimulatorFetch, base: string, admin: string) {
    this.fetch = fetch;
    this.base = base;
    this.admin = admin;
  }

  static async connect(
    simulator: Simulator,
    options: { path?: string; fetch?: SimulatorFetch; api?: string } = {},
  ): Promise<RawClient> {
    const { path = "acme", fetch = simulator.fetch } = options;
    const configUrl = simulator.configUrl(path);
    const api = options.api ?? `${new URL(configUrl).origin}/api/v3`;
    const registration = await send(fetch, `${api}/${apiPath(path)}/actions/runners/registration-token`, {
      method: "POST",
      token: simulator.token,
    });
    const admin = await send(fetch, `${api}/actions/runner-registration`, {
      method: "POST",
      token: registration.body.token,
      scheme: "RemoteAuth",
      json: { url: configUrl, runner_event: "register" },
    });
    return new RawClient(fetch, admin.body.url, admin.body.token);
  }

  call(method: string, path: string, json?: unknown): Promise<Raw> {
    const url = new URL(path, this.base.endsWith("/") ? this.base : `${this.base}/`);
    url.searchParams.set("api-version", "6.0-preview");
    return send(this.fetch, url.href, { method, token: this.admin, ...(json === undefined ? {} : { json }) });
  }

  sets(method: string, path = "", json?: unknown): Promise<Raw> {
    return this.call(method, `_apis/runtime/runnerscalesets${path}`, json);
  }

  agents(method: string, path = ""): Promise<Raw> {
    return this.call(method, `_apis/distributedtask/pools/0/agents${path}`);
  }

  async createSet(name = "linux", extra: Record<string, unknown> = {}): Promise<number> {
    return (await this.sets("POST", "", { name, runnerGroupId: 1, ...extra })).body.id;
  }

  async openSession(setId: number, ownerName = "host-1"): Promise<RawSession> {
    const { body } = await this.sets("POST", `/${setId}/sessions`, { ownerName });
    return {
      id: body.sessionId,
      setId,
      queueUrl: body.messageQueueUrl,
      queueToken: body.messageQueueAccessToken,
      body,
    };
  }

  async jit(setId: number, name: string): Promise<string> {
    return (await this.sets("POST", `/${setId}/generatejitconfig`, { name, workFolder: "_work" })).body
      .encodedJITConfig;
  }

  poll(session: RawSession, options: { last?: number; capacity?: number; signal?: AbortSignal } = {}): Promise<Raw> {
    const { last = 0, capacity = 10, signal } = options;
    const url = last > 0 ? `${session.queueUrl}&lastMessageId=${last}` : session.queueUrl;
    return send(this.fetch, url, {
      token: session.queueToken,
      headers: { accept: "application/json; api-version=6.0-preview", "x-scalesetmaxcapacity": String(capacity) },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  acknowledge(session: RawSession, messageId: number): Promise<Raw> {
    const url = new URL(session.queueUrl);
    url.pathname += `/${messageId}`;
    return send(this.fetch, url.href, {
      method: "DELETE",
      token: session.queueToken,
      headers: { accept: "application/json; api-version=6.0-preview" },
    });
  }

  acquire(session: RawSession, ids: readonly string[]): Promise<Raw> {
    const url = new URL(
      `_apis/runtime/runnerscalesets/${session.setId}/acquirejobs?api-version=6.0-preview`,
      this.base,
    );
    return this.fetch(url.href, {
      method: "POST",
      headers: {
        authorization: `Bearer ${session.queueToken}`,
        "content-type": "application/json",
        "user-agent": "test",
      },
      body: `[${ids.join(",")}]`,
    }).then(async (response) => {
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
    });
  }
}

function apiPath(path: string): string {
  if (path.startsWith("enterprises/")) return path;
  return path.includes("/") ? `repos/${path}` : `orgs/${path}`;
}

/** A simulator in virtual time, with a client that is let in. */
export async function world(options: SimulatorOptions & { path?: string } = {}) {
  const { path, ...rest } = options;
  const clock = new VirtualClock();
  const simulator = createSimulator({ clock, random: seededRandom(1), ...rest });
  const client = await RawClient.connect(simulator, { path: path ?? "acme" });
  return { clock, simulator, client };
}

/** The job messages in a message's body. */
export function jobMessages(answer: Raw) {
  return JSON.parse(answer.body.body);
}
