import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { Clock } from "../time/clock.js";
import { type Random, randomUuid } from "../time/random.js";
import { isRecord, type RunnerConfig } from "./runner-config.js";

/** What a runner needs of a `fetch`: little, so that a program can bring its own and start fast. */
export type RunnerFetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  /** The body if it is a JSON object, else empty. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The registration has been deleted: no token for this runner any more. */
export class NotRegistered extends Error {}

/** The official runner's own limit for one HTTP call. */
const callTimeoutMs = 100_000;

/** Calls of one runner: it signs for a token, sends it along, and gets one new token for each 401. */
export class RunnerConnection {
  readonly config: RunnerConfig;
  readonly #fetch: RunnerFetch;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #key: KeyObject;
  #token: string | undefined;

  /** A second one with the same config, and no token yet. */
  static again(other: RunnerConnection): RunnerConnection {
    return new RunnerConnection({
      config: other.config,
      fetch: other.#fetch,
      clock: other.#clock,
      random: other.#random,
    });
  }

  constructor(options: { config: RunnerConfig; fetch: RunnerFetch; clock: Clock; random: Random }) {
    this.config = options.config;
    this.#fetch = options.fetch;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#key = createPrivateKey({ key: { ...options.config.key }, format: "jwk" });
  }

  /** A call with the runner's own token; a path is taken below the broker. @throws NotRegistered */
  async call(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const url = new URL(path, this.config.brokerUrl).href;
    this.#token ??= await this.#newToken(options.signal);
    const answer = await this.callWith(this.#token, { ...options, method, url });
    if (answer.status !== 401) return answer;
    this.#token = await this.#newToken(options.signal);
    return this.callWith(this.#token, { ...options, method, url });
  }

  /** A call with another token, such as a job's. */
  callWith(
    token: string,
    { method, url, body, signal }: { method: string; url: string; body?: unknown; signal: AbortSignal },
  ): Promise<Answer> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "user-agent": `GitHubActionsRunner-simulated/${runnerVersion} RunnerId/${this.config.agentId}`,
    };
    if (body === undefined) return this.#send(url, { method, headers, signal });
    headers["content-type"] = "application/json";
    return this.#send(url, { method, headers, body: JSON.stringify(body), signal });
  }

  async #newToken(signal: AbortSignal): Promise<string> {
    const answer = await this.#send(this.config.tokenUrl, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: this.#assertion(),
      }).toString(),
      signal,
    });
    const token = answer.json["access_token"];
    if (typeof token === "string") return token;
    if (answer.json["error"] === "invalid_client") throw new NotRegistered("the registration has been deleted");
    throw new Error(`the token endpoint answered ${answer.status}`);
  }

  #assertion(): string {
    const { clientId, tokenUrl } = this.config;
    const now = Math.floor(this.#clock.now() / 1000);
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      sub: clientId,
      iss: clientId,
      aud: tokenUrl,
      jti: randomUuid(this.#random),
      nbf: now,
      exp: now + 300,
    };
    const data = `${part({ typ: "JWT", alg: "RS256" })}.${part(claims)}`;
    return `${data}.${sign("sha256", Buffer.from(data), this.#key).toString("base64url")}`;
  }

  async #send(
    url: string,
    { signal, ...init }: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
  ): Promise<Answer> {
    using deadline = this.#clock.deadline(callTimeoutMs, { signal });
    const response = await this.#fetch(url, { ...init, signal: deadline.signal });
    return { status: response.status, json: objectIn(await response.text()) };
  }
}

export const runnerVersion = "2.999.0";

/** The JSON object in a text, or an empty one. */
export function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
