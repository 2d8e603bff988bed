import { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * Reads a file that a person or a crash may have replaced with anything. Never waits: a named pipe is not opened for long.
 *
 * @throws {Error} when it is missing, unreadable, a link, no file, or longer than `maxBytes`
 */
export function readSmallFile(path: string, maxBytes: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error("it is not a file");
    if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes, at most ${maxBytes} are expected`);
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < maxBytes; length += read) {
      read = readSync(file, buffer, length, maxBytes - length, null);
    }
    return buffer.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}
