import { abortable } from "../async/abortable.js";
import { isScaleSetError, ScaleSetError } from "../errors.js";
import { redactedCause } from "../http/redact.js";
import { tell } from "../observer.js";
import { Secret } from "../secret.js";
import { keySigner, type Signer, signAppJwt } from "./app-jwt.js";
import type { GitHubApi } from "./github-api.js";
import { type Issued, TokenCache } from "./token-cache.js";

/**
 * Who we are to GitHub. Made by {@link personalAccessToken}, {@link githubApp} or {@link tokenProvider}; clients that
 * share one share its tokens.
 */
export interface Credentials {
  /** Which of the three it is. */
  readonly kind: "personal-access-token" | "github-app" | "token-provider";
  /** @internal A token for GitHub's API. `refused` is the one it refused: another is wanted, or the same if there is none. */
  token(api: GitHubApi, options: TokenOptions): Promise<Secret>;
}

interface TokenOptions {
  readonly signal?: AbortSignal | undefined;
  readonly refused?: Secret | undefined;
}

/**
 * A classic or fine-grained token that stays as it is. One that is read from a file wants {@link tokenProvider}.
 *
 * @throws {@link ScaleSetError} `CONFIG` for an empty one.
 */
export function personalAccessToken(token: string | Secret): Credentials {
  const trimmed = trim(token);
  if (trimmed === undefined) refuseConfig("the personal access token is empty");
  return { kind: "personal-access-token", token: async () => trimmed };
}

/**
 * Tokens from elsewhere: a file, a vault, a metadata service. Asked whenever a token is needed (about once an hour), and
 * once more with `refused: true` when GitHub refused the last one. What it throws fails the call, as `UNAUTHORIZED` with its
 * words, redacted.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 *
 * const credentials = tokenProvider(({ signal }) => readFile("/run/secrets/token", { encoding: "utf8", signal }));
 * ```
 */
export function tokenProvider(
  provide: (options: { readonly signal: AbortSignal; readonly refused: boolean }) => Promise<string | Secret>,
): Credentials {
  return {
    kind: "token-provider",
    token: (api, { signal, refused }) =>
      asked(api, "the token provider", signal, async (bounded) => {
        const token = trim(await provide({ signal: bounded, refused: refused !== undefined }));
        if (token === undefined) throw new Error("the token is empty");
        return token;
      }),
  };
}

/** Files end with a line break, which no header may hold. Undefined when nothing is left. */
function trim(token: string | Secret): Secret | undefined {
  const trimmed = Secret.of(token).reveal().trim();
  return trimmed === "" ? undefined : new Secret(trimmed);
}

/** A GitHub App: a key or a signer is needed. */
export interface AppOptions {
  /** The App's client id, or its older numeric id. */
  readonly clientId: string | number;
  /** The App's installation. @default looked up once for the organization or repository of the config URL (not possible for enterprises) */
  readonly installationId?: string | number | undefined;
  /** PEM, PKCS#1 or PKCS#8; or where to read it, asked again when GitHub refuses the signature. @default none, `sign` signs */
  readonly privateKey?:
    | string
    | Secret
    | ((options: { readonly signal: AbortSignal }) => string | Secret | Promise<string | Secret>)
    | undefined;
  /** Signs in place of `privateKey`: a KMS, or a test. @default node:crypto, with `privateKey` */
  readonly sign?: Signer | undefined;
}

/**
 * A GitHub App's installation. Its tokens are made and renewed as needed, and shared by the clients that share this; a clock
 * that differs from GitHub's is corrected for (F17).
 *
 * @throws {@link ScaleSetError} `CONFIG` for a key that can't be read, or neither key nor signer.
 *
 * @example
 * ```ts
 * const app = githubApp({ clientId: "Iv23liABC", privateKey });
 * const client = new ScaleSetClient({ configUrl: "https://github.com/acme", credentials: app });
 * ```
 */
export function githubApp(options: AppOptions): Credentials {
  return new AppCredentials(options);
}

/** From this on a refused signature is blamed on the clock (F17). */
const SKEW_WORTH_CORRECTING_MS = 30_000;

/** What is known at one API host. */
interface Place {
  readonly installationTokens: Map<string, TokenCache<Secret>>;
  skewMs: number;
}

class AppCredentials implements Credentials {
  readonly kind = "github-app";
  readonly #options: AppOptions;
  readonly #places = new Map<string, Place>();
  #signer: Signer | undefined;

  constructor(options: AppOptions) {
    const { clientId, privateKey, sign } = options;
    if (String(clientId).trim() === "") refuseConfig("the App's client id is empty");
    if (sign === undefined && privateKey === undefined) refuseConfig("an App needs a private key or a signer");
    this.#options = options;
    if (sign !== undefined) this.#signer = sign;
    else if (privateKey !== undefined && typeof privateKey !== "function") {
      this.#signer = keySigner(Secret.of(privateKey));
    }
  }

  async token(api: GitHubApi, { signal, refused }: TokenOptions): Promise<Secret> {
    const place = this.#placeOf(api);
    const { installationId } = this.#options;
    // Without a fixed installation each owner has its own, on the same host.
    const key = installationId === undefined ? api.target.apiPath : String(installationId);
    const { clock, random } = api.sender;
    const cache = place.installationTokens.get(key) ?? new TokenCache<Secret>(clock, random);
    place.installationTokens.set(key, cache);
    if (refused !== undefined && !cache.refuse(refused)) return refused;
    const issue = (): Promise<Issued<Secret>> => this.#issue(api, place);
    return cache.get(issue, signal).catch((error: unknown) => {
      // The client that asked for us all was closed meanwhile: then we ask ourselves.
      if (isScaleSetError(error, "CLOSED") && !api.sender.closed) return cache.get(issue, signal);
      throw error;
    });
  }

  async #issue(api: GitHubApi, place: Place): Promise<Issued<Secret>> {
    const { logger, observer } = api.sender;
    const installationId = await this.#installation(api);
    const issued = await this.#signed(api, place, (jwt) => api.createInstallationToken(jwt, installationId));
    tell(logger, () => observer.onTokenRenewed?.({ token: "installation", lifeMs: issued.lifeMs }));
    return issued;
  }

  async #installation(api: GitHubApi): Promise<string> {
    const { installationId } = this.#options;
    if (installationId !== undefined) return String(installationId);
    if (api.target.scope === "enterprise") refuseConfig("an App in an enterprise needs its installation id");
    return String(await this.#signed(api, this.#placeOf(api), (jwt) => api.getAppInstallation(jwt)));
  }

  /** Calls with a fresh JWT; once more when it was refused and the server's clock or a changed key explain it. */
  async #signed<T>(api: GitHubApi, place: Place, call: (jwt: Secret) => Promise<T>): Promise<T> {
    const signer = await this.#signerFor(api);
    try {
      return await call(await this.#jwt(api, place, signer));
    } catch (error) {
      if (!isScaleSetError(error, "UNAUTHORIZED")) throw error;
      const corrected = this.#correctSkew(api, place);
      const reread = typeof this.#options.privateKey === "function" && this.#options.sign === undefined;
      if (reread) this.#signer = undefined;
      if (!corrected && !reread) throw error;
      return call(await this.#jwt(api, place, await this.#signerFor(api)));
    }
  }

  #correctSkew(api: GitHubApi, place: Place): boolean {
    const { skewMs } = api;
    if (skewMs === undefined || Math.abs(skewMs - place.skewMs) < SKEW_WORTH_CORRECTING_MS) return false;
    place.skewMs = skewMs;
    api.sender.logger.warn(
      { skewMs },
      "this machine's clock differs from GitHub's: the App's signatures are corrected",
    );
    return true;
  }

  async #jwt(api: GitHubApi, place: Place, sign: Signer): Promise<Secret> {
    const nowMs = api.sender.clock.now() + place.skewMs;
    return asked(
      api,
      "the App's signer",
      undefined,
      async (signal) => new Secret(await signAppJwt(String(this.#options.clientId), { nowMs, sign, signal })),
    );
  }

  async #signerFor(api: GitHubApi): Promise<Signer> {
    const { privateKey } = this.#options;
    if (this.#signer === undefined && typeof privateKey === "function") {
      const key = await asked(api, "the App's private key", undefined, async (signal) =>
        Secret.of(await privateKey({ signal })),
      );
      this.#signer = readAgain(key);
    }
    return this.#signer ?? refuseConfig("an App needs a private key or a signer");
  }

  #placeOf(api: GitHubApi): Place {
    const { apiBase } = api.target;
    const place = this.#places.get(apiBase) ?? { installationTokens: new Map(), skewMs: 0 };
    this.#places.set(apiBase, place);
    return place;
  }
}

/** A key that can't be read now may be half written: unlike one that was given for good, it is no reason to end. */
function readAgain(key: Secret): Signer {
  try {
    return keySigner(key);
  } catch (error) {
    const cause = redactedCause(error);
    throw new ScaleSetError("UNAUTHORIZED", "the App's private key can't be read", { operation: "configure", cause });
  }
}

/** Someone else's code: bounded like every call, its failure told without its words' secrets. */
async function asked<T>(
  api: GitHubApi,
  what: string,
  signal: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = api.sender.clock.deadline(api.sender.timings.callDeadlineMs, { signal });
  try {
    return await abortable(ask(deadline.signal), deadline.signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ScaleSetError) throw error;
    const cause = redactedCause(error);
    const details = { operation: "configure", cause } as const;
    if (deadline.signal.aborted) throw new ScaleSetError("TIMEOUT", `${what} gave nothing in time`, details);
    // On one line: it goes where people look first, a status or the first line of a log.
    const why = cause.message.replace(/\s+/g, " ").trim();
    throw new ScaleSetError("UNAUTHORIZED", `${what} gave nothing${why === "" ? "" : `: ${why}`}`, details);
  }
}

function refuseConfig(problem: string): never {
  throw new ScaleSetError("CONFIG", problem, { operation: "configure" });
}
