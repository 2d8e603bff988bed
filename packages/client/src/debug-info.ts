import type { Credentials } from "./auth/credentials.js";
import type { ConfigTarget } from "./http/config-url.js";
import { userAgent } from "./http/user-agent.js";
import type { ResolvedOptions } from "./options.js";
import { VERSION } from "./version.js";

/** How a client is set up, for a bug report or a support bundle: whether there is a proxy, never which. */
export interface DebugInfo {
  /** Of this package. */
  readonly version: string;
  /** What the config URL means. */
  readonly target: ConfigTarget;
  /** How it proves who it is. */
  readonly credentials: Credentials["kind"];
  /** Whether requests are sent by a `fetch` that was passed in. */
  readonly ownFetch: boolean;
  /** Whether there is a proxy, by option or by environment. Some hosts may be reached without it. */
  readonly proxy: boolean;
  /** Whether certificate authorities were given. */
  readonly ca: boolean;
  /** Whether a client certificate was given. */
  readonly clientCertificate: boolean;
  /** Whether the server's certificate must be right. */
  readonly rejectUnauthorized: boolean;
  /** What calls that are about no scale set say in their `User-Agent`. */
  readonly userAgent: string;
}

export function debugInfoOf(options: ResolvedOptions, systemInfo: ResolvedOptions["systemInfo"]): DebugInfo {
  const { target, credentials, fetch, network } = options;
  return {
    version: VERSION,
    target,
    credentials: credentials.kind,
    ownFetch: fetch !== undefined,
    proxy: fetch === undefined && hasProxy(options),
    ca: network.ca !== undefined,
    clientCertificate: network.cert !== undefined,
    rejectUnauthorized: network.rejectUnauthorized ?? true,
    userAgent: userAgent(systemInfo, undefined),
  };
}

function hasProxy({ network: { proxy }, env }: ResolvedOptions): boolean {
  if (proxy !== undefined) return proxy !== false && proxy !== "";
  return ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"].some((name) => (env[name] ?? "") !== "");
}
