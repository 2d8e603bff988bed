import { isScaleSetError } from "../errors.js";
import { tell } from "../observer.js";
import type { Secret } from "../secret.js";
import type { RunnerDownload } from "../types.js";
import type { Credentials } from "./credentials.js";
import type { Admin, GitHubApi } from "./github-api.js";
import { type Issued, TokenCache } from "./token-cache.js";

/** The way in: credentials → registration token → the Actions service's address and admin token, kept and renewed. */
export class Connection {
  readonly #api: GitHubApi;
  readonly #credentials: Credentials;
  readonly #admin: TokenCache<Admin>;

  constructor(api: GitHubApi, credentials: Credentials) {
    this.#api = api;
    this.#credentials = credentials;
    this.#admin = new TokenCache(api.sender.clock, api.sender.random);
  }

  /** What is held and needs no renewal now: most calls need not wait for it. */
  current(): Admin | undefined {
    return this.#admin.current();
  }

  /** Shared by all callers; the signal ends only this caller's waiting. */
  admin(signal: AbortSignal | undefined): Promise<Admin> {
    return this.#admin.get(() => this.#register(), signal);
  }

  /** The service refused it. Answers whether another one may be had now. */
  refuse(admin: Admin): boolean {
    return this.#admin.refuse(admin);
  }

  listRunnerDownloads(signal: AbortSignal | undefined): Promise<readonly RunnerDownload[]> {
    return this.#withToken((token) => this.#api.listRunnerDownloads(token, signal), signal);
  }

  async #register(): Promise<Issued<Admin>> {
    const registrationToken = await this.#withToken((token) => this.#api.createRegistrationToken(token));
    const issued = await this.#api.registerRunnerAdmin(registrationToken);
    const { logger, observer } = this.#api.sender;
    tell(logger, () => observer.onTokenRenewed?.({ token: "admin", lifeMs: issued.lifeMs }));
    return issued;
  }

  async #withToken<T>(use: (token: Secret) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const token = await this.#credentials.token(this.#api, { signal });
    try {
      return await use(token);
    } catch (error) {
      if (!isScaleSetError(error, "UNAUTHORIZED")) throw error;
      const other = await this.#credentials.token(this.#api, { signal, refused: token });
      if (other.equals(token)) throw error;
      return use(other);
    }
  }
}
