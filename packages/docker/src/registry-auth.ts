import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { BackendError, messageOf } from "@scaleset/provisioner";
import { isRecord } from "./is-record.js";
import type { RegistryOptions } from "./options.js";

/** A login as the engine wants it with a pull. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

const DOCKER_HUB = "https://index.docker.io/v1/";

/** The registry that an image's name speaks of, as `docker login` calls it. */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const named = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return !named || first === "docker.io" ? DOCKER_HUB : first;
}

/**
 * The login for an image: the configured one, else what `docker login` left in its config file. Read anew at each pull,
 * so that a password may change.
 *
 * @throws {BackendError} `rejected` where the password's file can't be read
 */
export function loginFor(
  image: string,
  registry: RegistryOptions | undefined,
  place: { readonly baseFolder: string; readonly env: Readonly<Record<string, string | undefined>> },
): RegistryLogin | undefined {
  const server = registryOf(image);
  if (registry === undefined) return fromDockerConfig(server, place.env);
  const { username, password, passwordFile } = registry;
  const serveraddress = registry.server ?? server;
  return { username, password: password ?? secretIn(resolve(place.baseFolder, passwordFile ?? "")), serveraddress };
}

function secretIn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const why = messageOf(error);
    throw new BackendError(
      "rejected",
      `the registry's password can't be read: ${why} (see provisioner.docker.registry.passwordFile)`,
    );
  }
}

function fromDockerConfig(
  server: string,
  env: Readonly<Record<string, string | undefined>>,
): RegistryLogin | undefined {
  const file = join(env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json");
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
  const auths = isRecord(config) && isRecord(config["auths"]) ? config["auths"] : {};
  const entry = auths[server] ?? auths[`https://${server}`];
  const auth = isRecord(entry) ? entry["auth"] : undefined;
  if (typeof auth !== "string") return undefined;
  const [username = "", ...password] = Buffer.from(auth, "base64").toString("utf8").split(":");
  return username === "" ? undefined : { username, password: password.join(":"), serveraddress: server };
}
