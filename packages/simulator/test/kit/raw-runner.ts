import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { type Raw, send, type world } from "../raw-client.js";

type World = Awaited<ReturnType<typeof world>>;

const decode = (text: string) => JSON.parse(Buffer.from(text, "base64").toString());

/** Speaks the runner's protocol by hand. */
export class RawRunner {
  readonly it: World;
  // biome-ignore lint/suspicious/noExplicitAny: files of many shapes
  readonly files: Record<string, any>;
  readonly key: KeyObject;
  token = "";
  sessionId = "";

  constructor(it: World, jitConfig: string) {
    this.it = it;
    this.files = Object.fromEntries(
      Object.entries(decode(jitConfig)).map(([name, text]) => [name, decode(String(text))]),
    );
    const numbers = this.files[".credentials_rsaparams"];
    const url = (value: string) => Buffer.from(value, "base64").toString("base64url");
    const { d, dp, dq, p, q } = numbers;
    const jwk = {
      kty: "RSA",
      n: url(numbers.modulus),
      e: url(numbers.exponent),
      d: url(d),
      p: url(p),
      q: url(q),
      dp: url(dp),
      dq: url(dq),
      qi: url(numbers.inverseQ),
    };
    this.key = createPrivateKey({ key: jwk, format: "jwk" });
  }

  assertion(change: Record<string, unknown> = {}, alg: "RS256" | "PS256" = "RS256"): string {
    const { ClientId, AuthorizationUrl } = this.files[".credentials"].Data;
    const now = this.it.clock.now() / 1000;
    const claims = {
      iss: ClientId,
      sub: ClientId,
      aud: AuthorizationUrl,
      jti: "1",
      nbf: now,
      exp: now + 300,
      ...change,
    };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const data = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
    const padding = alg === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
    return `${data}.${sign("sha256", Buffer.from(data), { key: this.key, ...padding }).toString("base64url")}`;
  }

  async askToken(assertion = this.assertion()): Promise<Raw> {
    const form = {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    };
    const response = await this.it.simulator.fetch(this.files[".credentials"].Data.AuthorizationUrl, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  }

  call(method: string, path: string, json?: unknown): Promise<Raw> {
    const url = new URL(path, this.files[".runner"].ServerUrlV2).href;
    return send(this.it.simulator.fetch, url, { method, token: this.token, ...(json === undefined ? {} : { json }) });
  }

  async online(): Promise<this> {
    this.token = (await this.askToken()).body.access_token;
    this.sessionId = (await this.call("POST", "session", { ownerName: "test" })).body.sessionId;
    return this;
  }

  poll(status = "Online"): Promise<Raw> {
    return this.call("GET", `message?sessionId=${this.sessionId}&status=${status}&runnerVersion=2.0.0`);
  }
}

/** A runner that is online and has taken the job that waits for it. */
export async function connectRunner(it: World, jitConfig: string) {
  const runner = await new RawRunner(it, jitConfig).online();
  const request = JSON.parse((await runner.poll()).body.body);
  const taken = await runner.call("POST", `${request.run_service_url}acquirejob`, {
    jobMessageId: request.runner_request_id,
  });
  const { plan, jobId, resources } = taken.body;
  const token: string = resources.endpoints[0].authorization.parameters.AccessToken;
  const complete = (): Promise<Raw> =>
    send(it.simulator.fetch, `${request.run_service_url}completejob`, {
      method: "POST",
      token,
      json: { planId: plan.planId, jobId, conclusion: "succeeded" },
    });
  return { runner, runnerToken: runner.token, planId: plan.planId as string, jobId: jobId as string, token, complete };
}
