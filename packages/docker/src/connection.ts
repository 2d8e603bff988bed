import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { join, resolve } from "node:path";
import { BackendError, messageOf } from "@scaleset/provisioner";
import type Docker from "dockerode";
import type { EngineOptions } from "./options.js";

/** How to reach an engine. */
export interface Connection {
  /** For people. */
  readonly address: string;
  readonly options: Docker.DockerOptions & { readonly agent: http.Agent };
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";

/**
 * From the options, else from the environment as the `docker` command reads it: DOCKER_HOST, DOCKER_TLS_VERIFY,
 * DOCKER_CERT_PATH. Certificates are read now.
 *
 * @throws {BackendError} `rejected` with an address or certificates that can't be used
 */
export function connectionOf(
  engine: EngineOptions,
  env: Readonly<Record<string, string | undefined>>,
  baseFolder: string,
): Connection {
  const { DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = env;
  const address = engine.host ?? (DOCKER_HOST || DEFAULT_HOST);
  // Each call has its own connection: one that was kept may be of an engine that has been restarted since.
  const agentOptions = { keepAlive: false };
  if (address.startsWith("unix://")) {
    const socketPath = address.slice("unix://".length);
    // An empty host keeps dockerode from a DOCKER_HOST that names another engine.
    return { address, options: { socketPath, host: "", protocol: "http", agent: new http.Agent(agentOptions) } };
  }
  const url = parsed(address);
  const folder = DOCKER_TLS_VERIFY && DOCKER_CERT_PATH ? DOCKER_CERT_PATH : undefined;
  const files =
    engine.tls ??
    (engine.host === undefined && folder !== undefined
      ? { ca: join(folder, "ca.pem"), cert: join(folder, "cert.pem"), key: join(folder, "key.pem") }
      : undefined);
  const secure = files !== undefined || url.protocol === "https:";
  const port = Number(url.port) || (secure ? 2376 : 2375);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!secure) return { address, options: { host, port, protocol: "http", agent: new http.Agent(agentOptions) } };
  const read = (path: string): Buffer => certificate(resolve(baseFolder, path));
  const identity =
    files === undefined
      ? {}
      : {
          ...(files.ca === undefined ? {} : { ca: read(files.ca) }),
          cert: read(files.cert),
          key: read(files.key),
        };
  return {
    address,
    options: { host, port, protocol: "https", agent: new https.Agent({ ...agentOptions, ...identity }), ...identity },
  };
}

function parsed(address: string): URL {
  try {
    const url = new URL(address.includes("://") ? address : `tcp://${address}`);
    if (["tcp:", "http:", "https:"].includes(url.protocol) && url.hostname !== "") return url;
  } catch {
    // Said below.
  }
  throw new BackendError(
    "rejected",
    `the address of the Docker engine, ${address}, can't be used: write unix:///PATH, tcp://HOST:PORT or https://HOST:PORT (an engine behind ssh: forward its socket with ssh -L)`,
  );
}

function certificate(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = messageOf(error);
    throw new BackendError("rejected", `a certificate for the Docker engine can't be read: ${why}`, { cause: error });
  }
}
