import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Logger } from "@scaleset/client";
import { readText } from "../config/host.js";

/** Editors and mounts change a file in several steps; it is read when they are done. @unit milliseconds */
const SETTLE_MS = 300;
/** Where the folder can't be watched, the file is looked at this often. @unit milliseconds */
const POLL_MS = 10_000;

/**
 * Calls back when what a file says has changed, or it went or came. Its folder is watched, since editors put another
 * file in its place, and a mounted ConfigMap changes a link beside it. Never rejects; ends with the signal.
 */
export async function watchConfigFile(
  file: string,
  options: {
    readonly onChange: () => void;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { onChange, clock, logger, signal } = options;
  let seen = readText(file).text;
  const look = (): void => {
    const { text } = readText(file);
    if (text === seen) return;
    seen = text;
    onChange();
  };
  let settling: AbortController | undefined;
  const lookSoon = (): void => {
    settling?.abort();
    const own = new AbortController();
    settling = own;
    clock.sleep(SETTLE_MS, { signal: own.signal }).then(look, () => {});
  };
  using folder = watchFolder(dirname(file), lookSoon);
  if (folder !== undefined) {
    const ended = await folder.ended(signal);
    settling?.abort();
    if (signal.aborted) return;
    logger.warn(
      { err: ended },
      "the config file's folder can't be watched any more: the file is looked at from time to time",
    );
  } else {
    logger.warn({}, "the config file's folder can't be watched: the file is looked at from time to time");
  }
  while (!signal.aborted) {
    await clock.sleep(POLL_MS, { signal }).catch(() => {});
    if (!signal.aborted) look();
  }
}

interface WatchedFolder extends Disposable {
  /** Resolves when the signal aborts, or with why there is no watch any more. */
  ended(signal: AbortSignal): Promise<Error | undefined>;
}

function watchFolder(folder: string, onEvent: () => void): WatchedFolder | undefined {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder, onEvent);
  } catch {
    return undefined;
  }
  const failed = new Promise<Error>((resolve) => {
    watcher.once("error", resolve);
  });
  return {
    ended: (signal) =>
      Promise.race([
        failed,
        new Promise<undefined>((resolve) => {
          if (signal.aborted) resolve(undefined);
          else signal.addEventListener("abort", () => resolve(undefined), { once: true });
        }),
      ]),
    [Symbol.dispose]: () => watcher.close(),
  };
}
