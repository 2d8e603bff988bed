import { setMaxListeners } from "node:events";
import { abortable, BackendError } from "@scaleset/provisioner";
import Docker from "dockerode";
import type { Connection } from "./connection.js";
import { refusedBody, toBackendError } from "./failures.js";

/** The version of the engine's API that this package speaks: that of Docker 20.10. Newer engines understand it. */
export const API_VERSION = "1.41";

interface EngineVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
}

/** One Docker engine. Every call ends with what dockerode answers, a `BackendError`, or the signal's reason. */
export class Engine {
  readonly address: string;
  readonly #options: Connection["options"];
  #docker: Docker | undefined;

  constructor({ address, options }: Connection) {
    this.address = address;
    this.#options = options;
  }

  /** Calls the engine. `what`: what is tried, for people. */
  async call<T>(what: string, signal: AbortSignal, work: (docker: Docker) => Promise<T>): Promise<T> {
    return await this.#attempt(signal, work, (error) => toBackendError(error, what, this.address));
  }

  /** The same where the engine may not like what our options ask for. */
  async order<T>(what: string, signal: AbortSignal, work: (docker: Docker) => Promise<T>): Promise<T> {
    return await this.#attempt(signal, work, (error) => refusedBody(error, what, this.address));
  }

  /** The next call asks for the engine's version again: it may have been replaced. */
  forget(): void {
    this.#docker = undefined;
  }

  async #attempt<T>(
    signal: AbortSignal,
    work: (docker: Docker) => Promise<T>,
    failure: (error: unknown) => BackendError,
  ): Promise<T> {
    signal.throwIfAborted();
    // Each request listens to it, and one call may make many.
    setMaxListeners(0, signal);
    try {
      return await abortable(this.#negotiated(signal).then(work), signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw failure(error);
    }
  }

  async #negotiated(signal: AbortSignal): Promise<Docker> {
    if (this.#docker !== undefined) return this.#docker;
    const versions = await askVersion(new Docker(this.#options), signal);
    const docker = new Docker({ ...this.#options, version: `v${chooseVersion(versions, this.address)}` });
    this.#docker = docker;
    return docker;
  }
}

async function askVersion(docker: Docker, signal: AbortSignal): Promise<EngineVersion> {
  const answer: Partial<EngineVersion> = await abortable(docker.version(), signal);
  const { Version = "?", ApiVersion = "0", MinAPIVersion = "0" } = answer;
  return { Version, ApiVersion, MinAPIVersion };
}

/**
 * The oldest version that we know well, unless the engine speaks only newer ones.
 *
 * @throws {BackendError} `rejected` where the engine is too old
 */
export function chooseVersion({ Version, ApiVersion, MinAPIVersion }: EngineVersion, address: string): string {
  if (older(ApiVersion, API_VERSION)) {
    throw new BackendError(
      "rejected",
      `the Docker engine at ${address} is too old: version ${Version} speaks API ${ApiVersion}, and ${API_VERSION} (Docker 20.10) is needed: update it`,
    );
  }
  return older(API_VERSION, MinAPIVersion) ? MinAPIVersion : API_VERSION;
}

function older(one: string, other: string): boolean {
  const [a = 0, b = 0] = one.split(".").map(Number);
  const [c = 0, d = 0] = other.split(".").map(Number);
  return a === c ? b < d : a < c;
}
