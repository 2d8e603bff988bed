import { type ChildProcess, spawn } from "node:child_process";
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";

/** Best first; the next one where the file system can't do it. */
const STORAGE_DRIVERS = ["overlay2", "fuse-overlayfs", "vfs"];

const UP_WITHIN_MS = 60_000;

/** A Docker engine of our own, in a folder of its own: to be killed and started again. Needs root, and Linux. */
export class TestEngine implements AsyncDisposable {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-engine-")));
  readonly socket = join(this.folder, "docker.sock");
  readonly host = `unix://${this.socket}`;
  readonly docker = new Docker({ socketPath: this.socket });
  readonly logFile = join(this.folder, "dockerd.log");
  #storage = STORAGE_DRIVERS[0];
  #process: ChildProcess | undefined;
  #containerd: ChildProcess | undefined;

  /** @throws with the engine's last words where none can be started */
  static async start(options: { readonly liveRestore?: boolean } = {}): Promise<TestEngine> {
    const engine = new TestEngine();
    const words: string[] = [];
    for (const driver of STORAGE_DRIVERS) {
      engine.#storage = driver;
      try {
        await engine.up(options);
        return engine;
      } catch (error) {
        words.push(`${driver}: ${error instanceof Error ? error.message : String(error)}`);
        await engine.kill();
      }
    }
    await engine[Symbol.asyncDispose]();
    throw new Error(`no Docker engine could be started here:\n${words.join("\n")}`);
  }

  get storage(): string {
    return this.#storage ?? "";
  }

  /** Starts it, and waits until it answers. */
  async up({ liveRestore = false }: { readonly liveRestore?: boolean } = {}): Promise<void> {
    if (this.#containerd === undefined) await this.#startContainerd();
    // Networks and rules of this machine are left alone.
    const args = [
      ...["--host", this.host, "--data-root", join(this.folder, "data"), "--exec-root", join(this.folder, "exec")],
      ...["--pidfile", join(this.folder, "docker.pid"), "--storage-driver", this.storage, "--bridge=none"],
      ...["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--log-level=warn"],
      ...["--containerd", join(this.folder, "containerd.sock"), ...(liveRestore ? ["--live-restore"] : [])],
    ];
    rmSync(this.socket, { force: true });
    const child = this.#spawn("dockerd", args);
    this.#process = child;
    await this.#until(child, "dockerd", async () => (await this.docker.ping().catch(() => undefined)) !== undefined);
  }

  /** A process of its own, as everywhere: what runs containers survives what answers for them. */
  async #startContainerd(): Promise<void> {
    const socket = join(this.folder, "containerd.sock");
    const config = join(this.folder, "containerd.toml");
    writeFileSync(
      config,
      `version = 2
root = ${JSON.stringify(join(this.folder, "containerd"))}
state = ${JSON.stringify(join(this.folder, "exec-containerd"))}
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = ${JSON.stringify(socket)}
`,
    );
    const child = this.#spawn("containerd", ["--config", config, "--log-level", "warn"]);
    this.#containerd = child;
    await this.#until(child, "containerd", async () => existsSync(socket));
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const log = createWriteStream(this.logFile, { flags: "a" });
    for (const pipe of [child.stdout, child.stderr]) pipe.on("data", (text) => log.write(text));
    child.once("close", () => log.end());
    return child;
  }

  async #until(child: ChildProcess, program: string, up: () => Promise<boolean>): Promise<void> {
    let failed: string | undefined;
    child.once("error", (error) => {
      failed = error.message;
    });
    child.once("exit", (code, signal) => {
      failed ??= `${program} ended with ${code ?? signal}`;
    });
    const end = performance.now() + UP_WITHIN_MS;
    while (!(await up())) {
      if (failed !== undefined) throw new Error(`${failed}: ${this.lastWords()}`);
      if (performance.now() > end) throw new Error(`no ${program} within ${UP_WITHIN_MS} ms: ${this.lastWords()}`);
      await sleep(50);
    }
  }

  /** As a crash would: containers are left to what the engine makes of them when it comes back. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await end(child, signal);
  }

  lastWords(): string {
    try {
      return readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-3).join(" | ");
    } catch {
      return "it said nothing";
    }
  }

  /** What is there, of everything: for "nothing is left". */
  async contents(): Promise<{ containers: string[]; networks: string[]; volumes: string[] }> {
    const containers = await this.docker.listContainers({ all: true });
    const networks = await this.docker.listNetworks();
    const { Volumes } = await this.docker.listVolumes();
    return {
      containers: containers.flatMap(({ Names }) => Names),
      networks: networks.map(({ Name }) => Name).filter((name) => !["host", "none", "bridge"].includes(name)),
      volumes: Volumes.map(({ Name }) => Name),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined) {
      for (const { Id } of await this.docker.listContainers({ all: true }).catch(() => []))
        await this.docker
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch(() => {});
      await this.kill("SIGTERM");
    }
    await end(this.#containerd, "SIGTERM");
    for (const pid of this.#strays()) process.kill(pid, "SIGKILL");
    await unmountBelow(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** Helpers of an engine that was killed; known by our folder in their arguments. */
  #strays(): number[] {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${this.folder}/`);
        } catch {
          return false;
        }
      })
      .map(Number);
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function unmountBelow(folder: string): Promise<void> {
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
  for (const path of mounted) {
    const child = spawn("umount", ["-l", path], { stdio: "ignore" });
    await new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  }
}
