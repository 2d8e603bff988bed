import { type Operation, ScaleSetError } from "../errors.js";
import type { ConfigTarget } from "../http/config-url.js";
import { retryAfterMs, serverTimeMs } from "../http/rate-limit.js";
import type { Decode, Exchange, Sender } from "../http/sender.js";
import { Secret } from "../secret.js";
import type { RunnerDownload } from "../types.js";
import { at, integer, nonEmpty, time, UnexpectedShape } from "../wire/decode.js";
import { runnerDownloads } from "../wire/runner.js";
import { jwtExpiry } from "./app-jwt.js";
import { type Issued, lifeMs } from "./token-cache.js";

/** What the Actions service is reached with. */
export interface Admin {
  readonly baseUrl: URL;
  readonly token: Secret;
}

/** Longer is not waited for: the error tells how long. */
const LONGEST_GATE_WAIT_MS = 60_000;
const LONGEST_GATE_MS = 60 * 60_000;

/** The few calls to GitHub's own API. They share a rate limit, so one that is told to wait makes all of them wait. */
export class GitHubApi {
  readonly target: ConfigTarget;
  readonly sender: Sender;
  /** How far the server's clock is ahead of ours, by its last answer. */
  skewMs: number | undefined;
  #closedUntil = Number.NEGATIVE_INFINITY;

  constructor(target: ConfigTarget, sender: Sender) {
    this.target = target;
    this.sender = sender;
  }

  async getAppInstallation(jwt: Secret, signal?: AbortSignal): Promise<number> {
    return this.#call("getAppInstallation", {
      method: "GET",
      path: `${this.target.apiPath}/installation`,
      token: jwt,
      decode: (_, body) => integer(at(body(), "id")),
      signal,
    });
  }

  async createInstallationToken(jwt: Secret, installationId: string, signal?: AbortSignal): Promise<Issued<Secret>> {
    return this.#call("createInstallationToken", {
      method: "POST",
      path: `app/installations/${encodeURIComponent(installationId)}/access_tokens`,
      token: jwt,
      contentType: "application/vnd.github+json",
      decode: (_, body) => {
        const value = new Secret(nonEmpty(at(body(), "token")));
        return { value, lifeMs: lifeMs(time(at(body(), "expires_at"))?.getTime(), this.#serverNow()) };
      },
      signal,
    });
  }

  async createRegistrationToken(token: Secret, signal?: AbortSignal): Promise<Secret> {
    return this.#call("createRegistrationToken", {
      method: "POST",
      path: `${this.target.apiPath}/actions/runners/registration-token`,
      token,
      contentType: "application/vnd.github.v3+json",
      decode: (_, body) => new Secret(nonEmpty(at(body(), "token"))),
      signal,
    });
  }

  async registerRunnerAdmin(registrationToken: Secret, signal?: AbortSignal): Promise<Issued<Admin>> {
    return this.#call("registerRunnerAdmin", {
      method: "POST",
      path: "actions/runner-registration",
      token: registrationToken,
      scheme: "RemoteAuth",
      contentType: "application/json",
      body: JSON.stringify({ url: this.target.url, runner_event: "register" }),
      // A registration token that was just made is not known everywhere for a moment.
      passing: [401, 403],
      decode: (_, body) => {
        const url = at(body(), "url");
        const href = nonEmpty(url);
        if (!/^https?:/i.test(href) || !URL.canParse(href)) throw new UnexpectedShape(url, "http(s) URL");
        const token = nonEmpty(at(body(), "token"));
        const expiry = jwtExpiry(token);
        const life = lifeMs(expiry === undefined ? undefined : expiry * 1_000, this.#serverNow());
        return { value: { baseUrl: new URL(href), token: new Secret(token) }, lifeMs: life };
      },
      signal,
    });
  }

  async listRunnerDownloads(token: Secret, signal?: AbortSignal): Promise<readonly RunnerDownload[]> {
    return this.#call("listRunnerDownloads", {
      method: "GET",
      path: `${this.target.apiPath}/actions/runners/downloads`,
      token,
      decode: (_, body) => runnerDownloads(body()),
      signal,
    });
  }

  async #call<T>(
    operation: Operation,
    call: {
      readonly method: Exchange<T>["method"];
      readonly path: string;
      readonly token: Secret;
      readonly scheme?: "Bearer" | "RemoteAuth";
      readonly contentType?: string;
      readonly body?: string;
      readonly passing?: readonly number[];
      readonly decode: Decode<T>;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<T> {
    await this.#gate(operation, call.signal);
    const { value } = await this.sender.send({
      operation,
      method: call.method,
      url: new URL(`${this.target.apiBase}/${call.path}`),
      authorization: { scheme: call.scheme ?? "Bearer", token: call.token },
      headers: call.contentType === undefined ? {} : { "content-type": call.contentType },
      body: call.body,
      repeat: "safe",
      ...(call.passing === undefined ? {} : { passing: call.passing }),
      success: (status) => status >= 200 && status < 300,
      inspect: (answer) => {
        const now = this.sender.clock.now();
        const serverNow = serverTimeMs(answer.header);
        this.skewMs = serverNow === undefined ? undefined : serverNow - now;
        const waitMs = retryAfterMs(answer.header, now);
        if (waitMs === undefined) return;
        this.#closedUntil = this.sender.clock.monotonic() + Math.min(waitMs, LONGEST_GATE_MS);
      },
      decode: call.decode,
      signal: call.signal,
    });
    return value;
  }

  async #gate(operation: Operation, signal: AbortSignal | undefined): Promise<void> {
    const waitMs = this.#closedUntil - this.sender.clock.monotonic();
    if (waitMs <= 0) return;
    if (waitMs > LONGEST_GATE_WAIT_MS) {
      throw new ScaleSetError("RATE_LIMITED", `${operation} was not sent: GitHub asked to wait`, {
        operation,
        retryAfterMs: waitMs,
      });
    }
    await this.sender.clock.sleep(waitMs, { signal });
  }

  #serverNow(): number {
    return this.sender.clock.now() + (this.skewMs ?? 0);
  }
}
