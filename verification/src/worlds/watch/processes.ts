import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** A JIT config, a token of ours or of GitHub's, a private key. Each run of characters is looked at once, from its begin. */
const secret = /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{200,}|simulator-token|Bearer \S{20}|BEGIN [A-Z ]*PRIVATE KEY/;
/** A worker's end is logged as an error, and read at once: this is for one that was not. */
const LOOKS_APART = 12;

/** I1 and I10: nothing that a service answers ends a daemon or one of its workers, and no log line holds a secret. */
export function processes(scene: Scene): Check {
  let looks = 0;
  /** A crashed worker starts again within a second or two, so its status is read whenever an error is logged. */
  function crashed(daemon: WatchedDaemon): void {
    for (const { name, state } of daemon.status()?.scaleSets ?? []) {
      if (state === "restarting") scene.broke("I1", `a worker of ${daemon.name} ended: that of ${name}`);
    }
  }

  return {
    logged(daemon, level, message, data) {
      if (level === "error") crashed(daemon);
      const text = `${message} ${JSON.stringify(data, withErrors)}`;
      scene.checked("I10 no secret in a log line");
      if (secret.test(text)) scene.broke("I10", `a log line of ${daemon.name} holds a secret: ${message}`);
    },
    answered() {
      scene.checked("I1 nothing that is answered ends a daemon");
    },
    look() {
      looks += 1;
      if (looks % LOOKS_APART !== 0) return;
      for (const daemon of scene.daemons) crashed(daemon);
    },
  };
}

/** What a log shows of an error but its frames, which hold no data and are slow to make. */
function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message, cause: value.cause } : value;
}
