import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Logger } from "@scaleset/client";
import { readText } from "../config/host.js";

/** Editors and mounts change a file in several steps; it is read when they are done. @unit milliseconds */
const SETTLE_MS = 300;
/** The file is looked at this often whether its folder tells of a change or not. @unit milliseconds */
const POLL_MS = 10_000;

/**
 * Calls back when what a file says has changed, or it went or came. Its folder is watched, since editors put another
 * file in its place, and a mounted ConfigMap changes a link beside it. The file is looked at from time to time as well:
 * a watch knows nothing of the file behind a link, nor of a folder that was put in the place of the watched one. Never
 * rejects; ends with the signal.
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
  using _folder = watchFolder(dirname(file), {
    onEvent: lookSoon,
    onFailure: (error) =>
      logger.warn({ err: error }, "the config file's folder can't be watched: the file is looked at from time to time"),
  });
  while (!signal.aborted) {
    await clock.sleep(POLL_MS, { signal }).catch(() => {});
    if (!signal.aborted && readText(file).text !== seen) lookSoon();
  }
  settling?.abort();
}

/** A watch may fail at once, or any time later. */
function watchFolder(
  folder: string,
  { onEvent, onFailure }: { readonly onEvent: () => void; readonly onFailure: (error: unknown) => void },
): Disposable | undefined {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder, onEvent);
  } catch (error) {
    onFailure(error);
    return undefined;
  }
  watcher.on("error", onFailure);
  return { [Symbol.dispose]: () => watcher.close() };
}
