import { BackendError, type BackendErrorKind, isBackendError, messageOf } from "@scaleset/provisioner";

/** What an engine answered, or that it did not. */
export interface EngineFailure {
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** The operating system's or OpenSSL's name of why there was none. */
  readonly code: string | undefined;
  /** The engine's own words. */
  readonly message: string;
}

/** What went wrong with a call of the engine, without the frame that dockerode puts around it. */
export function engineFailure(error: unknown): EngineFailure {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const text = messageOf(error);
  return {
    status: typeof status === "number" ? status : undefined,
    code: typeof code === "string" ? code : undefined,
    message: text.replace(/^\(HTTP code \d+\) [^-]* - /, "").trim(),
  };
}

export function isStatus(error: unknown, status: number): boolean {
  return engineFailure(error).status === status;
}

/** Words of engines and registries, and what to do about them; the first that fits counts. */
const WORDS: readonly (readonly [RegExp, BackendErrorKind])[] = [
  [/no space left on device|disk quota exceeded|not enough space/i, "capacity"],
  [/cannot allocate memory|too many open files|resource temporarily unavailable|cannot fork/i, "capacity"],
  [
    /non-overlapping IPv4 address pool|no available (?:IPv4|network)|address pools have been fully subnetted/i,
    "capacity",
  ],
  [/port is already allocated|toomanyrequests|rate limit|Too Many Requests/i, "capacity"],
  [
    /unauthorized|authentication required|no basic auth credentials|access (?:to the resource )?(?:is )?denied|requested access/i,
    "denied",
  ],
  [/authorization denied by plugin|incorrect username or password/i, "denied"],
  [
    /manifest unknown|not found: manifest|repository .* not found|name unknown|no matching manifest|invalid reference format/i,
    "rejected",
  ],
  [
    /no such image|network \S+ not found|unknown or invalid runtime|unknown runtime|unknown log(?:ging)? driver|logging plugin|no log driver|could not select device driver/i,
    "rejected",
  ],
  [
    /exec: ".*": (?:executable file not found|stat |permission denied)|exec format error|unable to find user|no matching entries in passwd/i,
    "rejected",
  ],
  [
    /rootfs is marked read-only|read-only file system|mounts denied|bind source path does not exist|not a directory: unknown/i,
    "rejected",
  ],
  [/client version .* is too (?:old|new)|minimum supported API version/i, "rejected"],
  [/Range of CPUs|Minimum memory limit|invalid|not supported|unsupported/i, "rejected"],
];

/** What to do about an answer, or about none. `gone` is for the caller to know: a 404 may be of something else. */
export function kindOf({ status, code, message }: EngineFailure): BackendErrorKind {
  if (status === undefined) {
    if (code === "EACCES" || code === "EPERM" || isCertificateCode(code)) return "denied";
    return wordsKind(message) ?? "transient";
  }
  if (status === 401 || status === 403) return wordsKind(message) ?? "denied";
  if (status === 400) return wordsKind(message) ?? "rejected";
  return wordsKind(message) ?? "transient";
}

function wordsKind(message: string): BackendErrorKind | undefined {
  return WORDS.find(([pattern]) => pattern.test(message))?.[1];
}

function isCertificateCode(code: string | undefined): boolean {
  return code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|ERR_TLS|^EPROTO$|ERR_SSL/.test(code);
}

/** Any failure as one that says what to do about it. `what`: what was tried, as in "making container x". */
export function toBackendError(error: unknown, what: string, address: string): BackendError {
  if (isBackendError(error)) return error;
  const failure = engineFailure(error);
  return new BackendError(kindOf(failure), `${what} failed: ${explain(failure, address)}`, { cause: error });
}

function explain({ status, code, message }: EngineFailure, address: string): string {
  if (status !== undefined) return message === "" ? `the engine answered ${status}` : message;
  switch (code) {
    case "ENOENT":
      return `there is no Docker engine at ${address}: start it, or say where it listens with engine.host or DOCKER_HOST`;
    case "ECONNREFUSED":
      return `no Docker engine listens at ${address} (connection refused): start it, or say where it listens with engine.host or DOCKER_HOST`;
    case "EACCES":
    case "EPERM":
      return `no permission to use the Docker engine at ${address}: add this daemon's user to the group that owns the socket (usually "docker"), and start the daemon again`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host of the Docker engine at ${address} has no address (${code})`;
    default:
  }
  if (isCertificateCode(code))
    return `the certificates of the Docker engine at ${address} and engine.tls don't fit: ${message}`;
  return `the Docker engine at ${address} gave no answer: ${message}${code === undefined ? "" : ` (${code})`}`;
}

/** Which option an engine speaks of, as far as its words tell; for a person who looks for it in the config. */
const OPTIONS: readonly (readonly [RegExp, string])[] = [
  [/memory limit|memory\+?swap|memoryswap/i, "memory"],
  [/CPUs|NanoCPUs|nano cpus/i, "cpus"],
  [/cpuset/i, "cpuset"],
  [/pids/i, "pids"],
  [/shm size/i, "shm"],
  [/bind source path|invalid mount|mount config|mount path|mounts? denied|volume name/i, "mounts"],
  [/tmpfs/i, "tmpfs"],
  [/rootfs is marked read-only/i, "readOnly"],
  [/invalid reference format|no such image|manifest|repository/i, "image"],
  [/unable to find user|no matching entries in passwd|user/i, "user"],
  [/network/i, "networks"],
  [/extra.?hosts|bad format for add-host/i, "extraHosts"],
  [/dns|ip address/i, "dns"],
  [/select device driver|gpu/i, "gpus"],
  [/device/i, "devices"],
  [/capabilit|CapAdd|CapDrop/i, "capAdd or capDrop"],
  [/security|seccomp|apparmor|selinux/i, "securityOpt"],
  [/runtime name|unknown runtime/i, "runtime"],
  [/platform|operating system|architecture/i, "platform"],
  [/log(?:ging)?[ -]?(?:driver|opt|plugin)/i, "log"],
  [/ulimit/i, "ulimits"],
  [/sysctl/i, "sysctls"],
  [/exec: "\/bin\/sh"/, "jitConfig (env needs /bin/sh in the image)"],
  [/exec: "/i, "command"],
  [/environment/i, "env"],
];

/** The engine refused a container: its words, and where to look in the config. */
export function refusedBody(error: unknown, what: string, address: string): BackendError {
  const made = toBackendError(error, what, address);
  if (made.kind !== "rejected") return made;
  const option = OPTIONS.find(([pattern]) => pattern.test(made.message))?.[1];
  const where = option === undefined ? "one of the options of provisioner.docker" : `provisioner.docker.${option}`;
  return new BackendError("rejected", `${made.message} (see ${where})`, { cause: error });
}
