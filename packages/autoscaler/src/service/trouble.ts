import { isScaleSetError, type ListenerState, type ScaleSetError } from "@scaleset/client";
import { messageOf } from "@scaleset/provisioner";
import type { Trouble, TroubleKind } from "../ports/service.js";

/** Steps of getting in, where GitHub answers 404 to a token that may not know of the place. */
const GETTING_IN: readonly ScaleSetError["operation"][] = [
  "getAppInstallation",
  "createInstallationToken",
  "createRegistrationToken",
  "registerRunnerAdmin",
];

/** Codes of Node for a certificate that it does not trust. */
const OF_CERTIFICATES = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

/** What a listener's state that waits means, in the words of a person. */
const REASONS = {
  "own-session": "an earlier session of this daemon is still open",
  "open-failed": "no session could be opened",
  "scale-set-missing": "the scale set is not there",
  "sessions-lost": "sessions are opened and lost again at once",
  "poll-failed": "a poll failed",
  "handler-failed": "a message could not be taken in, it comes again",
  "acquire-failed": "jobs could not be acquired",
  "acknowledge-failed": "a message could not be acknowledged",
  hurried: "polls are answered with nothing, at once",
} as const;

/** What a call that failed tells of what is in the way. */
export function troubleOf(error: unknown): Trouble {
  return { kind: kindOf(error), message: messageOf(error) };
}

/** What is in the way of a listener that waits; undefined where the state says nothing of it. */
export function troubleIn(state: ListenerState, recreate: boolean): Trouble | undefined {
  if (state.state !== "waiting" && state.state !== "recovering") return undefined;
  const { reason, error } = state;
  const message = REASONS[reason];
  if (reason === "own-session") return { kind: "own-session", message };
  if (reason === "scale-set-missing") return { kind: recreate ? "scale-set-missing" : "scale-set-gone", message };
  if (error === undefined) return { kind: "other", message };
  const trouble = troubleOf(error);
  // The call's name is in the words of a call that failed.
  const told =
    reason === "open-failed" || reason === "poll-failed" ? trouble.message : `${message}: ${trouble.message}`;
  return { kind: trouble.kind, message: told };
}

function kindOf(error: unknown): TroubleKind {
  if (!isScaleSetError(error)) return "other";
  const { code, operation } = error;
  switch (code) {
    case "RUNNER_GROUP_NOT_FOUND":
      return "runner-group-missing";
    case "RATE_LIMITED":
      return "rate-limited";
    case "UNAUTHORIZED":
    case "FORBIDDEN":
    case "NOT_FOUND":
    case "TIMEOUT":
      // Nothing was sent: it is the one who gives us the token or the key.
      if (operation === "configure") return "no-credentials";
      if (code === "TIMEOUT") return "unreachable";
      return code !== "NOT_FOUND" || GETTING_IN.includes(operation) ? "refused" : "other";
    case "NETWORK":
      return OF_CERTIFICATES.test(codesOf(error)) ? "untrusted" : "unreachable";
    default:
      return "other";
  }
}

function codesOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return `${"code" in error ? String(error.code) : ""} ${codesOf(error.cause)}`;
}
