import type { Dispatcher, EnvHttpProxyAgent } from "undici";
import { ScaleSetError } from "../errors.js";
import type { Answer, Lane, NetworkOptions, Transport, TransportRequest } from "./transport.js";
import { readText } from "./transport.js";

type Environment = Readonly<Record<string, string | undefined>>;

type Dispatchers = Readonly<Record<Lane, Dispatcher>>;

/**
 * The transport of Node: two dispatchers, so that held polls never keep a call waiting. undici is loaded with the first
 * request. Its own time limits are off: the deadline of each attempt is the only one.
 */
export class UndiciTransport implements Transport {
  readonly #options: EnvHttpProxyAgent.Options;
  readonly #maxConnections: number;
  #loading: Promise<Dispatchers> | undefined;
  #closed = false;

  constructor(network: NetworkOptions, env: Environment) {
    this.#options = agentOptions(network, env);
    this.#maxConnections = network.maxConnections ?? 50;
  }

  async send(request: TransportRequest): Promise<Answer> {
    this.#loading ??= this.#load();
    const dispatchers = await this.#loading;
    request.signal.throwIfAborted();
    const { url } = request;
    const response = await dispatchers[request.lane].request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: request.signal,
    });
    const text = await this.#read(response, request.maxAnswerBytes);
    const header = (name: string): string | undefined => {
      const value = response.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(", ") : value;
    };
    return { status: response.statusCode, header, text };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const loaded = await this.#loading?.catch(() => undefined);
    if (loaded === undefined) return;
    await Promise.all([loaded.call.destroy(), loaded.poll.destroy()]);
  }

  async #load(): Promise<Dispatchers> {
    const undici = await import("undici");
    if (this.#closed) throw new ScaleSetError("CLOSED", "the client is closed", { operation: "configure" });
    const proxied = [this.#options.httpProxy, this.#options.httpsProxy].some((proxy) => proxy !== "");
    const agent = (connections: number | null): Dispatcher => {
      const options = { ...this.#options, connections };
      return proxied ? new undici.EnvHttpProxyAgent(options) : new undici.Agent(options);
    };
    return { call: agent(this.#maxConnections), poll: agent(null) };
  }

  /** At once where its length is told and allowed; piece by piece where not. */
  async #read({ headers, body }: Dispatcher.ResponseData, maxAnswerBytes: number): Promise<string> {
    const length = Number(headers["content-length"] ?? Number.NaN);
    return length <= maxAnswerBytes ? body.text() : readText(body, maxAnswerBytes);
  }
}

function agentOptions(network: NetworkOptions, env: Environment): EnvHttpProxyAgent.Options {
  const key = typeof network.key === "object" ? network.key.reveal() : network.key;
  const tls = {
    ...(network.ca === undefined ? {} : { ca: typeof network.ca === "string" ? network.ca : [...network.ca] }),
    ...(network.cert === undefined ? {} : { cert: network.cert }),
    ...(key === undefined ? {} : { key }),
    ...(network.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: network.rejectUnauthorized }),
  };
  return {
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: network.connectDeadlineMs ?? 10_000, ...tls },
    requestTls: tls,
    ...proxyOptions(network, env),
  };
}

/** Empty strings keep undici from looking at the environment by itself. */
function proxyOptions({ proxy, noProxy: excluding }: NetworkOptions, env: Environment) {
  if (proxy === false) return { httpProxy: "", httpsProxy: "", noProxy: "*" };
  if (proxy !== undefined) {
    return { httpProxy: proxyUrl(proxy), httpsProxy: proxyUrl(proxy), noProxy: excluding ?? "" };
  }
  const httpProxy = proxyUrl(env["http_proxy"] ?? env["HTTP_PROXY"]);
  const httpsProxy = proxyUrl(env["https_proxy"] ?? env["HTTPS_PROXY"]);
  const noProxy = excluding ?? env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  // A proxy that is not on this machine can't reach its loopback; a lone "*" must stay alone to mean everything.
  const excluded = noProxy.trim() === "*" ? "*" : `${noProxy},localhost,127.0.0.1,[::1]`;
  return { httpProxy, httpsProxy, noProxy: excluded };
}

/** Told now, or every call would fail later as if the network were down. It is not repeated: it may hold a password. */
function proxyUrl(proxy: string | undefined): string {
  if (proxy === undefined || proxy === "") return "";
  const url = proxy.includes("://") ? proxy : `http://${proxy}`;
  if (/^https?:/i.test(url) && URL.canParse(url)) return url;
  throw new ScaleSetError("CONFIG", "the proxy is no http(s) URL", { operation: "configure" });
}
