import type { Check, Scene, WatchedDaemon } from "./scene.js";

/** A JIT config, a token of ours or of GitHub's, a private key. */
const secret = /[A-Za-z0-9+/=_-]{200,}|simulator-token|Bearer \S{20}|BEGIN [A-Z ]*PRIVATE KEY/;

/** I1 and I10: nothing that a service answers ends a daemon or one of its workers, and no log line holds a secret. */
export function processes(scene: Scene): Check {
  /** A crashed worker starts again within a second or two, so its status is read whenever an error is logged. */
  function crashed(daemon: WatchedDaemon): void {
    for (const { name, state } of daemon.status()?.scaleSets ?? []) {
      if (state === "restarting") scene.broke("I1", `a worker of ${daemon.name} ended: that of ${name}`);
    }
  }

  return {
    logged(daemon, level, message, data) {
      if (level === "error") crashed(daemon);
      const text = `${message} ${JSON.stringify(data, (_key, value: unknown) =>
        value instanceof Error ? `${value.message} ${value.stack}` : value,
      )}`;
      scene.checked("I10 no secret in a log line");
      if (secret.test(text)) scene.broke("I10", `a log line of ${daemon.name} holds a secret: ${message}`);
    },
    answered() {
      scene.checked("I1 nothing that is answered ends a daemon");
    },
    look() {
      for (const daemon of scene.daemons) crashed(daemon);
    },
  };
}
