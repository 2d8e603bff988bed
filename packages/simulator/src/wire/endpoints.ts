import type { Scope } from "../service/state.js";

/** Which shapes the URLs have: those of github.com, or those of a GitHub Enterprise Server. */
export type UrlShapes = "ghes" | "hosted";

/** Path prefixes, which keep the parts of the service apart under any host. */
export const paths = {
  actions: "/_services/actions",
  queue: "/_services/queue",
  token: "/_services/oauth2/token",
  broker: "/_services/broker/",
  run: "/_services/run/",
  results: "/_services/results/",
  control: "/_simulator",
} as const;

const subdomain = /^(api|pipelines|queue|broker)\./;

/** Turns the origin by which somebody reached us into the endpoints it should use next. */
export class Endpoints {
  readonly #shapes: UrlShapes;
  readonly #trailingSlash: boolean;
  readonly #runnerUrl: string | undefined;

  constructor(options: { urls: UrlShapes; serviceUrlTrailingSlash: boolean; runnerUrl: string | undefined }) {
    this.#shapes = options.urls;
    this.#trailingSlash = options.serviceUrlTrailingSlash;
    this.#runnerUrl = options.runnerUrl;
  }

  /** Base of the Actions service for a scope: it carries a path, and a final slash or none. */
  serviceUrl(origin: string, scope: Scope): string {
    return `${this.#at(origin, "pipelines")}${paths.actions}/${tenantOf(scope)}${this.#trailingSlash ? "/" : ""}`;
  }

  /** It carries a query already, and another path (when hosted, another host too) than the rest. */
  messageQueueUrl(
    origin: string,
    { scaleSetId, sessionId, queueNumber }: { scaleSetId: number; sessionId: string; queueNumber: number },
  ): string {
    const moved = queueNumber > 0 ? `&queue=${queueNumber}` : "";
    return `${this.#at(origin, "queue")}${paths.queue}/${scaleSetId}/message?sessionId=${sessionId}${moved}`;
  }

  /** Where runners find everything. `runnerUrl` wins, for runners that reach the simulator by another way. */
  runnerOrigin(origin: string): string {
    return this.#runnerUrl ?? this.#at(origin, "broker");
  }

  /** The GitHub host behind an origin, as config URLs name it. */
  gitHubUrl(origin: string): string {
    const url = new URL(origin);
    if (this.#shapes === "hosted") url.host = url.host.replace(subdomain, "");
    return url.origin;
  }

  #at(origin: string, part: "pipelines" | "queue" | "broker"): string {
    if (this.#shapes === "ghes") return origin;
    const url = new URL(this.gitHubUrl(origin));
    url.host = `${part}.${url.host}`;
    return url.origin;
  }
}

/** A scope as one path segment. */
export function tenantOf(scope: Scope): string {
  return scope.key.replace(/[:/]/g, "~");
}
