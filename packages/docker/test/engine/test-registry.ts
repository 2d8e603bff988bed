import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./fleet-stage.js";

export const USER = "puller";
export const PASSWORD = "open sesame";
/** Of that password, by bcrypt. */
const HASH = "$2b$04$Ur7Ql3xCOSz/TW/c7hW/ouUyS9bAvw8Tg71/637xICKkc.5omfbnq";

/** Debian's docker-registry on loopback, which wants a login. Engines trust loopback without certificates. */
export class TestRegistry implements AsyncDisposable {
  readonly address: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(address: string, folder: string) {
    this.address = address;
    this.#folder = folder;
  }

  static async start(): Promise<TestRegistry> {
    const folder = mkdtempSync(join(tmpdir(), "scaleset-registry-"));
    const address = `127.0.0.1:${await freePort()}`;
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(folder, "users"), `${USER}:${HASH}\n`);
    writeFileSync(
      join(folder, "config.yml"),
      `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${data} } }
http: { addr: "${address}" }
auth: { htpasswd: { realm: test, path: ${join(folder, "users")} } }
`,
    );
    const registry = new TestRegistry(address, folder);
    await registry.up();
    return registry;
  }

  async up(): Promise<void> {
    this.#process = spawn("docker-registry", ["serve", join(this.#folder, "config.yml")], { stdio: "ignore" });
    this.#process.once("error", () => {});
    const answers = async (): Promise<boolean> =>
      (await fetch(`http://${this.address}/v2/`).catch(() => undefined))?.status === 401;
    await until("the registry answers (apt-get install docker-registry)", answers, 20_000);
  }

  async down(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
