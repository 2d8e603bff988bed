import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { gzipSync } from "node:zlib";
import { create, Header } from "tar";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./host.js";

export const VERSION = "2.336.0";

/** An unpacked runner, as far as it matters here: its version is where the real one has it, and it prints where it is. */
export function unpackedRunner(script = "echo here in $(pwd); exit 7"): string {
  const folder = temporaryFolder();
  for (const part of ["bin", "externals/node20/bin"]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, "run.sh"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "run.sh"), 0o755);
  writeFileSync(join(folder, "bin/Runner.Listener"), "x".repeat(10_000));
  chmodSync(join(folder, "bin/Runner.Listener"), 0o755);
  const parts = { libraries: { [`Runner.Listener/${VERSION}`]: {}, "Newtonsoft.Json/13.0.3": {} } };
  writeFileSync(join(folder, "bin/Runner.Listener.deps.json"), JSON.stringify(parts));
  return folder;
}

export interface Archive {
  readonly bytes: Buffer;
  readonly sha256: string;
}

export async function archiveOf(folder: string): Promise<Archive> {
  const file = join(temporaryFolder(), "runner.tar.gz");
  await create({ gzip: true, file, cwd: folder }, ["."]);
  return archive(readFileSync(file));
}

export function archive(bytes: Buffer): Archive {
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** An archive with entries that no packing program makes. */
export function forgedArchive(
  entries: readonly { path: string; type?: "File" | "SymbolicLink" | "Link"; linkpath?: string; text?: string }[],
): Archive {
  const blocks = entries.flatMap(({ path, type = "File", linkpath = "", text = "" }) => {
    const header = new Header({
      path,
      type,
      linkpath,
      size: Buffer.byteLength(text),
      mode: 0o755,
      uid: 1001,
      gid: 1001,
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    return [block, body];
  });
  return archive(gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

export interface Depot {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

/** A web server on this machine that answers each request as it is told. */
export async function openDepot(answer: RequestListener): Promise<Depot> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  // As a proxy does; what comes through is answered here all the same.
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    requests.push(request);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    server.emit("connection", socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}/actions-runner-linux-x64-${VERSION}.tar.gz`, requests };
}

export function sendWhole(bytes: Buffer): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.end(bytes);
  };
}

/** Sends the first half, and then nothing more. */
export function sendHalf(bytes: Buffer): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2));
  };
}
