import { BackendError, type BackendErrorKind, isBackendError } from "../../ports/provisioner.js";

/** What to do about what the operating system refused. Anything else may work when tried again: `transient`. */
const KINDS: ReadonlyMap<string, BackendErrorKind> = new Map([
  ["ENOSPC", "capacity"],
  ["EDQUOT", "capacity"],
  ["EMFILE", "capacity"],
  ["ENFILE", "capacity"],
  ["EAGAIN", "capacity"],
  ["ENOMEM", "capacity"],
  ["EACCES", "denied"],
  ["EPERM", "denied"],
  ["ENOENT", "rejected"],
  ["ENOTDIR", "rejected"],
  ["EISDIR", "rejected"],
  ["EROFS", "rejected"],
  ["ENOEXEC", "rejected"],
  ["ENAMETOOLONG", "rejected"],
  ["E2BIG", "rejected"],
]);

/** The operating system's own name of a failure, like `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Any failure as one that says what to do about it. `what` is what was tried, as in "making instance x". */
export function toBackendError(error: unknown, what: string): BackendError | (Error & { kind?: BackendErrorKind }) {
  if (isBackendError(error)) return error;
  const code = errnoOf(error);
  const kind = (code === undefined ? undefined : KINDS.get(code)) ?? "transient";
  const detail = error instanceof Error ? error.message : String(error);
  return new BackendError(kind, `${what} failed: ${detail}`, { cause: error });
}
