const REDACTED = "[redacted]";

/** Keys whose text is a secret whatever it looks like. */
const SECRET_KEY = /token|secret|password|authorization|cookie|credential|private[-_]?key|jit[-_]?config|assertion/i;

/** Texts that are secrets wherever they stand: GitHub's tokens, JWTs, PEM keys, and bearer headers. */
const SECRET_TEXT = new RegExp(
  [
    String.raw`\bgh[a-z]_[A-Za-z0-9]{16,}`,
    String.raw`\bgithub_pat_\w{16,}`,
    String.raw`\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`,
    String.raw`\b(?:Bearer|RemoteAuth) [\w.~+/=-]{8,}`,
  ].join("|"),
  "g",
);

/** Deeper than any record of ours; a cycle ends here too. */
const MAX_DEPTH = 6;

/** Text without what looks like a secret. */
export function redactText(text: string): string {
  return text.replaceAll(SECRET_TEXT, REDACTED);
}

/** A copy for a log record: secrets replaced, errors as plain data. */
export function redact(data: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, redactValue(value, key, 0)]));
}

function redactValue(value: unknown, key: string, depth: number): unknown {
  if (typeof value === "string") return SECRET_KEY.test(key) ? REDACTED : redactText(value);
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? String(value) : value;
  if (depth >= MAX_DEPTH) return "[…]";
  if (value instanceof Error) return errorRecord(value, depth);
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key, depth + 1));
  // A `Secret` says so itself; so may anything else that knows how it wants to be shown.
  if ("toJSON" in value && typeof value.toJSON === "function") return redactValue(value.toJSON(), key, depth + 1);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(item, name, depth + 1)]));
}

/**
 * Name, message and the fields that say what to look for; a stack only where there is no code, that is for a bug. The
 * cause of an error with a code is no bug either.
 */
function errorRecord(error: Error, depth: number, { known = false } = {}): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of ["code", "kind", "operation", "status", "requestId", "activityId"]) {
    const value: unknown = Reflect.get(error, name);
    if (value !== undefined) fields[name] = redactValue(value, name, depth + 1);
  }
  const says = known || Object.keys(fields).length > 0;
  const { cause } = error;
  return {
    name: error.name,
    message: redactText(error.message),
    ...fields,
    ...(!says && error.stack !== undefined ? { stack: redactText(error.stack) } : {}),
    ...(cause === undefined ? {} : { cause: causeRecord(cause, depth + 1, says) }),
  };
}

function causeRecord(cause: unknown, depth: number, known: boolean): unknown {
  const deeper = cause instanceof Error && depth < MAX_DEPTH;
  return deeper ? errorRecord(cause, depth, { known }) : redactValue(cause, "cause", depth);
}
