import type { Finding } from "@scaleset/provisioner";
import type Docker from "dockerode";
import type { Engine } from "./engine.js";
import type { Images } from "./images.js";
import type { DockerOptions } from "./options.js";

/** What we use of an engine's description of itself. */
interface EngineInfo {
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
  readonly LiveRestoreEnabled?: boolean;
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly OSType?: string;
}

/** What would keep runners from running on this engine, and what is unwise. Makes nothing, pulls nothing. */
export async function checkEngine(
  engine: Engine,
  images: Images,
  options: DockerOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const add = (level: Finding["level"], message: string, remedy: string): void => {
    findings.push({ level, message, remedy });
  };
  const info: EngineInfo = await engine.call("asking the engine what it is", signal, (docker) => docker.info());
  if (info.OSType !== undefined && info.OSType !== "linux")
    add("error", `the engine runs ${info.OSType} containers`, "use an engine that runs Linux containers");
  if (info.LiveRestoreEnabled === false) {
    add(
      "info",
      "runners end when the engine is restarted or updated",
      'set "live-restore": true in the engine\'s daemon.json',
    );
  }
  checkLimits(options, info, add);
  for (const runtime of [options.runtime, options.dockerInDocker?.runtime]) {
    if (runtime !== undefined && info.Runtimes !== undefined && !(runtime in info.Runtimes))
      add("error", `the engine has no runtime ${runtime}`, "install it there and name it in daemon.json");
  }
  await checkNetworks(engine, options, signal, add);
  for (const image of [options.image, options.dockerInDocker?.image]) {
    if (image === undefined || (await images.has(image, signal))) continue;
    if (options.pull === "never")
      add("error", `the engine has no image ${image}, and pull is never`, `docker pull ${image}, or pull: missing`);
    else add("info", `the image ${image} will be pulled at the first launch`, `docker pull ${image} saves that time`);
  }
  checkTrust(options, add);
  return findings;
}

type Add = (level: Finding["level"], message: string, remedy: string) => void;

function checkLimits(options: DockerOptions, info: EngineInfo, add: Add): void {
  const limits = [
    ["memory", options.memory !== undefined && info.MemoryLimit === false],
    ["cpus", options.cpus !== undefined && info.CpuCfsQuota === false],
    ["pids", options.pids !== undefined && info.PidsLimit === false],
  ] as const;
  for (const [name, missing] of limits)
    if (missing)
      add("warning", `the engine's machine can't hold runners to ${name}`, "enable that control group there");
}

async function checkNetworks(engine: Engine, options: DockerOptions, signal: AbortSignal, add: Add): Promise<void> {
  if (options.networks.length === 0) return;
  const networks = await engine.call("looking at networks", signal, (docker: Docker) =>
    docker.listNetworks({ abortSignal: signal }),
  );
  const known = new Set(networks.flatMap(({ Name, Id }) => [Name, Id]));
  for (const name of options.networks) {
    if (known.has(name) || name === "default" || name.startsWith("container:")) continue;
    add("error", `the engine has no network ${name}`, `docker network create ${name}`);
  }
}

/** Jobs are strangers' code. */
function checkTrust(options: DockerOptions, add: Add): void {
  const socket = options.mounts.find(({ source }) => /docker\.sock$/.test(source));
  if (socket !== undefined) {
    add(
      "warning",
      `runners get the engine itself (${socket.source}): a job can take over the machine`,
      "run only jobs that you trust, or use dockerInDocker",
    );
  }
  if (options.privileged)
    add("warning", "runners are privileged: a job can take over the machine", "run only jobs that you trust");
  if (options.dockerInDocker?.privileged === true && options.dockerInDocker.runtime === undefined) {
    add(
      "warning",
      "inner engines are privileged: a job that asks them for a privileged container can take over the machine",
      "run only jobs that you trust, or give dockerInDocker a runtime such as sysbox-runc",
    );
  }
}
