import { resolve } from "node:path";
import type Docker from "dockerode";
import { bytesOf } from "./bytes.js";
import { DEFAULT_COMMAND, ENTRY, JIT_FILE, JIT_FILE_VARIABLE } from "./entry.js";
import { isRecord } from "./is-record.js";
import { JIT_FOLDER, overlaps } from "./jit-place.js";
import { BUNDLE, type EngineLabels, ROLE } from "./labels.js";
import type { DockerOptions, MountOptions } from "./options.js";

/**
 * The options as requests to the engine: pure. What can't be tried on every machine (GPUs, other runtimes, an inner
 * engine) is tested as this mapping.
 */

/** What tells one instance from the next. */
export interface InstancePlan {
  readonly labels: EngineLabels;
  /** Shared by everything that belongs to the instance; random. */
  readonly bundle: string;
  /** Folder that relative paths of mounts start at. */
  readonly baseFolder: string;
}

/** Where runner and inner engine meet. */
const SOCKET_FOLDER = "/run/scaleset-docker";
const SOCKET = `unix://${SOCKET_FOLDER}/docker.sock`;
/** What jobs bind into containers of the inner engine, so it must be the same there. */
const SHARED_FOLDERS = [SOCKET_FOLDER, "/home/runner/_work", "/home/runner/externals"] as const;

/** Name of the network of an instance with an inner engine. */
export function networkName(bundle: string): string {
  return `scaleset-${bundle}`;
}

/** The runner's container. */
export function containerBody(options: DockerOptions, plan: InstancePlan): Docker.ContainerCreateOptions {
  const { dockerInDocker, log } = options;
  const inner = dockerInDocker !== undefined;
  const labels = { ...options.labels, ...plan.labels, [BUNDLE]: plan.bundle };
  const env: Record<string, string> = {
    ...(inner ? { DOCKER_HOST: SOCKET, RUNNER_WAIT_FOR_DOCKER_IN_SECONDS: "120" } : {}),
    ...options.env,
    ...(options.jitConfig === "file" ? { [JIT_FILE_VARIABLE]: JIT_FILE } : {}),
  };
  const mounts = [
    ...options.mounts.map((mount) => mountBody(mount, plan.baseFolder)),
    ...(inner ? SHARED_FOLDERS.map((target) => anonymousVolume(target, plan.bundle)) : []),
  ];
  const body: Docker.ContainerCreateOptions = {
    Image: options.image,
    ...commandOf(options),
    ...ifSet("User", options.user),
    ...ifSet("platform", options.platform),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: labels,
    HostConfig: {
      RestartPolicy: { Name: "no" },
      ...ifSet("NanoCpus", options.cpus === undefined ? undefined : Math.round(options.cpus * 1e9)),
      ...ifSet("CpusetCpus", options.cpuset),
      ...ifSet("Memory", optionalBytes(options.memory)),
      ...ifSet("MemorySwap", optionalBytes(options.memorySwap)),
      ...ifSet("PidsLimit", options.pids),
      ...ifSet("ShmSize", optionalBytes(options.shm)),
      ...ifSet("Init", options.init),
      ...ifSet("Runtime", options.runtime),
      ...ifSet("LogConfig", log === undefined ? undefined : { Type: log.driver, Config: { ...log.options } }),
      ...ifSet("NetworkMode", inner ? networkName(plan.bundle) : options.networks[0]),
      ...ifNotEmpty("Mounts", mounts),
      ...ifNotEmpty("ExtraHosts", options.extraHosts),
      ...ifNotEmpty("Dns", options.dns),
      ...ifNotEmpty("CapAdd", options.capAdd),
      ...ifNotEmpty("CapDrop", options.capDrop),
      ...ifNotEmpty("SecurityOpt", options.securityOpt),
      ...ifNotEmpty("Devices", options.devices.map(deviceBody)),
      ...ifNotEmpty(
        "Ulimits",
        Object.entries(options.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
      ),
      ...ifNotEmpty("DeviceRequests", options.gpus === undefined ? [] : [gpuBody(options.gpus)]),
      ...(Object.keys(options.tmpfs).length > 0 ? { Tmpfs: { ...options.tmpfs } } : {}),
      ...(Object.keys(options.sysctls).length > 0 ? { Sysctls: { ...options.sysctls } } : {}),
      ...(options.readOnly ? { ReadonlyRootfs: true } : {}),
      ...(options.privileged ? { Privileged: true } : {}),
    },
  };
  return withJitVolume(merge(body, options.createOptions), plan.bundle);
}

/** Networks beyond the first, which an engine takes one call each. */
export function furtherNetworks(options: DockerOptions): readonly string[] {
  return options.dockerInDocker === undefined ? options.networks.slice(1) : options.networks;
}

/**
 * The inner engine's container. It lives in the runner's network namespace, so that ports it publishes are on the
 * runner's localhost, and shares the runner's volumes; both go with the runner.
 */
export function innerEngineBody(
  options: DockerOptions,
  plan: InstancePlan,
  runnerId: string,
): Docker.ContainerCreateOptions | undefined {
  const { dockerInDocker: inner } = options;
  if (inner === undefined) return undefined;
  return {
    Image: inner.image,
    Cmd: [...(inner.command ?? ["dockerd", "--host=unix:///var/run/docker.sock", `--host=${SOCKET}`, "--group=123"])],
    Env: Object.entries({ DOCKER_TLS_CERTDIR: "", ...inner.env }).map(([name, value]) => `${name}=${value}`),
    Labels: { ...options.labels, ...plan.labels, [BUNDLE]: plan.bundle, [ROLE]: "inner-engine" },
    HostConfig: {
      RestartPolicy: { Name: "no" },
      NetworkMode: `container:${runnerId}`,
      VolumesFrom: [runnerId],
      ...(inner.privileged ? { Privileged: true } : {}),
      ...ifSet("Runtime", inner.runtime),
      ...ifSet("NanoCpus", inner.cpus === undefined ? undefined : Math.round(inner.cpus * 1e9)),
      ...ifSet("Memory", optionalBytes(inner.memory)),
      Mounts: [
        ...inner.mounts.map((mount) => mountBody(mount, plan.baseFolder)),
        // Images and layers of the inner engine: overlay file systems don't stack, a volume is none.
        anonymousVolume("/var/lib/docker", plan.bundle),
      ],
    },
  };
}

function commandOf(options: DockerOptions): Docker.ContainerCreateOptions {
  const { command, jitConfig } = options;
  if (jitConfig === "env") {
    return { Entrypoint: ["/bin/sh", "-c", ENTRY, "scaleset"], Cmd: [...(command ?? DEFAULT_COMMAND)] };
  }
  // The image's own entrypoint, unless told otherwise.
  return command === undefined ? {} : { Entrypoint: [...command], Cmd: [] };
}

function mountBody(mount: MountOptions, baseFolder: string): Docker.MountSettings {
  const isPath = /^[./~]/.test(mount.source);
  const bind = mount.type === undefined ? isPath : mount.type === "bind";
  return {
    Type: bind ? "bind" : "volume",
    Source: bind && mount.source.startsWith(".") ? resolve(baseFolder, mount.source) : mount.source,
    Target: mount.target,
    ReadOnly: mount.readOnly,
  };
}

/** Removed together with the last container that has it; the label finds it where that could not be done. */
function anonymousVolume(target: string, bundle: string): Docker.MountSettings {
  return {
    Type: "volume",
    Source: "",
    Target: target,
    VolumeOptions: { NoCopy: false, Labels: { [BUNDLE]: bundle }, DriverConfig: { Name: "", Options: {} } },
  };
}

/** With a root that can't be written, the JIT config needs a place of its own. */
function withJitVolume(body: Docker.ContainerCreateOptions, bundle: string): Docker.ContainerCreateOptions {
  if (body.HostConfig?.ReadonlyRootfs !== true) return body;
  const Mounts = [...(body.HostConfig.Mounts ?? []), anonymousVolume(JIT_FOLDER, bundle)];
  return { ...body, HostConfig: { ...body.HostConfig, Mounts } };
}

/** What would hide the JIT config from the runner, in a body that raw options had a say in. */
export function hidesJitConfig(body: Docker.ContainerCreateOptions): string | undefined {
  const { Tmpfs, Binds, Mounts } = body.HostConfig ?? {};
  const own = (mount: Docker.MountSettings): boolean => mount.Target === JIT_FOLDER && mount.Type === "volume";
  const targets = [
    ...Object.keys(isRecord(Tmpfs) ? Tmpfs : {}),
    ...(Binds ?? []).map((bind) => bind.split(":")[1] ?? ""),
    ...(Mounts ?? []).filter((mount) => !own(mount)).map((mount) => mount.Target),
  ];
  return targets.find((target) => overlaps(target, JIT_FOLDER));
}

function deviceBody(device: string): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  const [host = "", ...rest] = device.split(":");
  const inside = rest.find((part) => part.startsWith("/")) ?? host;
  return {
    PathOnHost: host,
    PathInContainer: inside,
    CgroupPermissions: rest.find((part) => !part.startsWith("/")) ?? "rwm",
  };
}

function gpuBody(gpus: NonNullable<DockerOptions["gpus"]>): Docker.DeviceRequest {
  const which = gpus === "all" ? { Count: -1 } : typeof gpus === "number" ? { Count: gpus } : { DeviceIDs: [...gpus] };
  return { Driver: "", ...which, Capabilities: [["gpu"]] };
}

function optionalBytes(size: number | string | undefined): number | undefined {
  return size === undefined ? undefined : bytesOf(size);
}

/** A key that is there only with a value: an engine takes null and 0 for orders, too. */
function ifSet<K extends string, T>(key: K, value: T | undefined): { [key in K]?: T } {
  const made: { [key in K]?: T } = {};
  if (value !== undefined) made[key] = value;
  return made;
}

/** A list that is there only with something in it. */
function ifNotEmpty<K extends string, T>(key: K, values: readonly T[]): { [key in K]?: T[] } {
  return ifSet(key, values.length > 0 ? [...values] : undefined);
}

/** Raw options over ours: objects are merged, anything else is replaced. */
function merge<T extends object>(ours: T, raw: Readonly<Record<string, unknown>>): T {
  const before = new Map<string, unknown>(Object.entries(ours));
  const changes = Object.entries(raw).map(([key, value]) => {
    const old = before.get(key);
    return [key, isRecord(old) && isRecord(value) ? merge(old, value) : value] as const;
  });
  return Object.assign({}, ours, Object.fromEntries(changes));
}
