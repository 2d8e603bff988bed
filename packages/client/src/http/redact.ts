import type { Secret } from "../secret.js";

const REDACTED = "[redacted]";

/** Shapes that are secret wherever they stand. */
const SHAPES: readonly RegExp[] = [
  /\b(?:bearer|remoteauth|basic|token)\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]{4,}(?:\.[\w-]*){0,2}/g,
  /\b(?:gh[a-z]_|github_pat_)\w{4,}/g,
  /-----BEGIN [^-]*-----[^-]*(?:-----END [^-]*-----)?/g,
  // Long enough for a key or a JIT config, too long for the owner name of a session, which is read from an error's text.
  /[A-Za-z0-9+/_-]{120,}={0,2}/g,
];

/** Queries carry session ids and signatures. */
const QUERY = /(\bhttps?:\/\/[^\s?"'<>]*)\?[^\s"'<>]*/gi;

/** A text of the outside without what must not be seen: the given secrets, and everything that looks like one. */
export function redact(text: string, secrets: readonly Secret[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value !== "") clean = clean.replaceAll(value, REDACTED);
  }
  clean = clean.replace(QUERY, `$1?${REDACTED}`);
  for (const shape of SHAPES) clean = clean.replace(shape, REDACTED);
  return clean;
}

/** An error from below as a cause: its name, code and redacted text, not the object, which may hold a whole request. */
export function redactedCause(error: unknown, secrets: readonly Secret[] = []): Error {
  if (!(error instanceof Error)) return new Error(redact(shorten(String(error)), secrets));
  const cause = error.cause === undefined ? undefined : { cause: redactedCause(error.cause, secrets) };
  const clean = new Error(redact(shorten(error.message), secrets), cause);
  clean.name = error.name;
  const code = errorCode(error);
  return code === undefined ? clean : Object.assign(clean, { code });
}

/** The `code` of a system or transport error. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function shorten(text: string, length = 300): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
