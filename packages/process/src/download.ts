import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BackendError } from "@scaleset/provisioner";
import { EnvHttpProxyAgent, fetch } from "undici";
import { errnoOf, toBackendError } from "./failures.js";

export interface DownloadLimits {
  readonly maxBytes: number;
  /** Without a byte, or the answer's first one. @unit milliseconds */
  readonly stallMs: number;
}

export interface Download {
  readonly url: string;
  /** In hex. */
  readonly sha256: string;
  /** The file to make; it must not be there yet. */
  readonly target: string;
  readonly limits: DownloadLimits;
  readonly onProgress: (bytes: number, total: number | undefined) => void;
}

/** Answers that a later try may turn into good ones. */
const PASSING = new Set([408, 425, 429]);

/**
 * Gets a file over HTTP(S), through the proxy that the environment names, and checks what comes while it comes. What it
 * leaves behind when it fails is the caller's to remove.
 *
 * @throws {BackendError} `rejected` for what no later try mends: refused, too large, another checksum; `capacity` for the rest
 */
export async function download(order: Download, signal: AbortSignal): Promise<void> {
  const { limits } = order;
  const url = new URL(order.url);
  const { username, password } = url;
  [url.username, url.password] = ["", ""];
  const shown = `${url.origin}${url.pathname}`;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const agent = new EnvHttpProxyAgent({
    headersTimeout: limits.stallMs,
    bodyTimeout: limits.stallMs,
    connectTimeout: limits.stallMs,
  });
  try {
    const headers: Record<string, string> = username === "" ? {} : { authorization: `Basic ${credentials}` };
    const answer = await fetch(url, { dispatcher: agent, signal, headers });
    const { status, body } = answer;
    if (status !== 200 || body === null) {
      const kind = status >= 500 || PASSING.has(status) ? "capacity" : "rejected";
      throw new BackendError(kind, `${shown} answered ${status}`);
    }
    const length = Number(answer.headers.get("content-length") ?? Number.NaN);
    const hash = createHash("sha256");
    let bytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        hash.update(chunk);
        order.onProgress(bytes, Number.isNaN(length) ? undefined : length);
        if (bytes <= limits.maxBytes) done(null, chunk);
        else done(new BackendError("rejected", `${shown} is larger than ${limits.maxBytes} bytes`));
      },
    });
    await pipeline(body, meter, createWriteStream(order.target, { flags: "wx", mode: 0o600 }), { signal });
    const sha256 = hash.digest("hex");
    if (sha256 !== order.sha256.toLowerCase()) {
      throw new BackendError(
        "rejected",
        `${shown} has the sha256 ${sha256}, the options say ${order.sha256}: see which one is right`,
      );
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failure(error, shown);
  } finally {
    await agent.destroy();
  }
}

/** Of the disk as the disk says; everything else is the network's, which is worth a later try. */
function failure(error: unknown, shown: string): Error {
  const what = `downloading ${shown}`;
  const ofDisk = errnoOf(error) !== undefined && error instanceof Error && "syscall" in error && "path" in error;
  if (ofDisk || errnoOf(error) === "ENOSPC") return toBackendError(error, what);
  if (error instanceof BackendError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = cause instanceof Error ? cause.message || (errnoOf(cause) ?? cause.name) : String(cause);
  return new BackendError("capacity", `${what} failed: ${words}`, { cause: error });
}
