import { BackendError, type BackendErrorKind, isBackendError, messageOf } from "@scaleset/provisioner";

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

/** What a person can do about it, where the system's own words don't say. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full: free some space on it, or move the state folder to a larger one"],
  ["EDQUOT", "the disk quota is used up: raise it, or free some space"],
  ["EROFS", "the file system is read-only: see why (the kernel's log tells), and make it writable again"],
  ["EMFILE", "the daemon has no more file handles: raise its limit (LimitNOFILE=, ulimit -n)"],
  ["ENFILE", "this machine has no more file handles: raise fs.file-max"],
  ["EAGAIN", "no more processes may be started: raise the limit (TasksMax=, ulimit -u)"],
  ["ENOMEM", "this machine is out of memory: lower maxRunners"],
]);

/** The operating system's own name of a failure, like `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Any failure as one that says what to do about it. `what` is what was tried, as in "making instance x". */
export function toBackendError(error: unknown, what: string): Error & { readonly kind?: BackendErrorKind } {
  if (isBackendError(error)) return error;
  const code = errnoOf(error);
  const kind = (code === undefined ? undefined : KINDS.get(code)) ?? "transient";
  const detail = messageOf(error);
  const remedy = code === undefined ? undefined : REMEDIES.get(code);
  return new BackendError(kind, `${what} failed: ${detail}${remedy === undefined ? "" : `; ${remedy}`}`, {
    cause: error,
  });
}
