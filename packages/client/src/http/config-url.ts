import { ScaleSetError } from "../errors.js";

/** What a config URL means: whose runners, and where GitHub's API is. */
export interface ConfigTarget {
  /** The config URL without trailing slashes, as the service is told it. */
  readonly url: string;
  /** Whose runners they are. */
  readonly scope: "organization" | "repository" | "enterprise";
  /** github.com and its kin, or a GitHub Enterprise Server. */
  readonly hosted: boolean;
  /** Base of GitHub's REST API, without a trailing slash. */
  readonly apiBase: string;
  /** `orgs/ORG`, `repos/OWNER/REPO` or `enterprises/NAME` below the API base, escaped. */
  readonly apiPath: string;
}

/**
 * Reads a config URL. The host's name alone decides between hosted and GHES, whatever its port.
 *
 * @param options - `forceGhes`: take every host for a GHES, as `GITHUB_ACTIONS_FORCE_GHES` does. @default false
 * @throws {@link ScaleSetError} `CONFIG` for anything that names no organization, repository or enterprise.
 *
 * @example
 * ```ts
 * parseConfigUrl("https://github.com/acme/web").apiPath; // "repos/acme/web"
 * parseConfigUrl("https://ghes.example.com/acme").apiBase; // "https://ghes.example.com/api/v3"
 * ```
 */
export function parseConfigUrl(input: string | URL, options: { readonly forceGhes?: boolean } = {}): ConfigTarget {
  const text = String(input).trim();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) refuse("it is no http(s) URL");
  if (url.username !== "" || url.password !== "") refuse("it must not hold credentials");
  if (url.search !== "" || url.hash !== "") refuse("it must have neither query nor fragment");

  const segments = url.pathname.replace(/^\/+|\/+$/g, "").split("/");
  const [first = "", second] = segments;
  if (segments.length > 2 || segments.some((segment) => !isName(segment))) {
    refuse("its path must be /ORG, /OWNER/REPO or /enterprises/NAME");
  }
  const path = segments.join("/");
  const host = url.hostname.toLowerCase();
  const hosted = options.forceGhes !== true && isHosted(host);
  const place = hosted ? url.host.replace(/^www\./, "") : url.host;
  const base = {
    url: `${url.protocol}//${url.host}/${path}`,
    hosted,
    apiBase: hosted ? `${url.protocol}//api.${place}` : `${url.protocol}//${place}/api/v3`,
  };
  if (second === undefined) return { ...base, scope: "organization", apiPath: `orgs/${first}` };
  if (first === "enterprises") return { ...base, scope: "enterprise", apiPath: path };
  return { ...base, scope: "repository", apiPath: `repos/${path}` };
}

function isHosted(host: string): boolean {
  return host === "github.com" || host === "www.github.com" || host === "github.localhost" || host.endsWith(".ghe.com");
}

/** URL segments come escaped already; an escaped slash or one that can't be unescaped is no name. */
function isName(segment: string): boolean {
  if (segment === "") return false;
  try {
    return !/[/\\?#\s]/.test(decodeURIComponent(segment));
  } catch {
    return false;
  }
}

function refuse(why: string): never {
  // The URL itself is not repeated: it may hold credentials.
  throw new ScaleSetError("CONFIG", `the config URL can't be used: ${why}`, { operation: "configure" });
}
