import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A process of its own, killed when it is disposed. */
export interface Child extends Disposable {
  /** The next message from it. Rejects when it ends before, or after two minutes. */
  next(): Promise<unknown>;
  send(message: object): void;
}

export function start(file: string, args: readonly string[] = []): Child {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child: ChildProcess = fork(path, args, { execArgv: ["--expose-gc"], stdio: "inherit" });
  const waiting: unknown[] = [];
  let wake = (): void => {};
  let ended: Error | undefined;
  child.on("message", (message) => {
    waiting.push(message);
    wake();
  });
  child.on("exit", (code) => {
    ended = new Error(`${file} ended with ${code}`);
    wake();
  });
  return {
    async next() {
      if (waiting.length === 0 && ended === undefined) {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`${file} was silent for two minutes`)), 120_000);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      if (waiting.length > 0) return waiting.shift();
      throw ended ?? new Error(`${file} said nothing`);
    },
    send: (message) => void child.send(message),
    [Symbol.dispose]: () => void child.kill(),
  };
}

/** The bench server, and its origin. */
export async function startServer(): Promise<Child & { readonly origin: string }> {
  const child = start("server.js");
  const message = await child.next();
  const port = typeof message === "object" && message !== null && "port" in message ? message.port : 0;
  return { ...child, origin: `http://127.0.0.1:${String(port)}`, [Symbol.dispose]: child[Symbol.dispose] };
}
