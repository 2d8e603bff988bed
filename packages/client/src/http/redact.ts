import type { Secret } from "../secret.js";

const REDACTED = "[redacted]";

/** Shapes that are secret wherever they stand. */
const SHAPES: readonly RegExp[] = [
  /\b(?:bearer|remoteauth|basic|token)\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]{4,}(?:\.[\w-]*){0,2}/g,
  /\b(?:gh[a-z]_|github_pat_)\w{4,}/g,
  /-----BEGIN [^-]*-----[^-]*(?:-----END [^-]*-----)?/g,
];

/** A word of base64. Matched whole and measured then: a pattern with a least length would look 120 times at each letter. */
const BASE64_WORD = /[A-Za-z0-9+/_-]+={0,2}/g;
/** Long enough for a key or a JIT config, too long for the owner name of a session, which is read from an error's text. */
const KEY_LENGTH = 120;

/** Queries carry session ids and signatures. Matched whole, without a look ahead for the `?`: that would be quadratic. */
const URL_TEXT = /\bhttps?:\/\/[^\s"'<>]*/gi;

/** What a secret consists of, near enough: a part of one at a cut is left out. */
const SECRET_PART = /[\w.~+/=-]/;

/** Longer texts are cut before anything is searched for. @unit characters */
const MOST = 10_000;

/**
 * A text of the outside without what must not be seen: the given secrets, and everything that looks like one. Takes time in
 * proportion to the text's length.
 *
 * @param most - longer texts are cut, without the word that the cut would divide: it may be a secret. @unit characters
 */
export function redact(text: string, secrets: readonly Secret[] = [], most: number = MOST): string {
  let clean = text.length <= most ? text : `${withoutLastPart(text.slice(0, most))}…`;
  for (const secret of secrets) {
    const value = secret.reveal();
    if (value !== "") clean = clean.replaceAll(value, REDACTED);
  }
  clean = clean.replace(URL_TEXT, withoutQuery);
  for (const shape of SHAPES) clean = clean.replace(shape, REDACTED);
  clean = clean.replace(BASE64_WORD, (word) => (word.length < KEY_LENGTH ? word : REDACTED));
  return clean;
}

function withoutQuery(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : `${url.slice(0, query)}?${REDACTED}`;
}

function withoutLastPart(text: string): string {
  let end = text.length;
  while (end > 0 && SECRET_PART.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** An error from below as a cause: its name, code and redacted text, not the object, which may hold a whole request. */
export function redactedCause(error: unknown, secrets: readonly Secret[] = []): Error {
  if (!(error instanceof Error)) return new Error(shorten(redact(String(error), secrets)));
  const cause = error.cause === undefined ? undefined : { cause: redactedCause(error.cause, secrets) };
  const clean = new Error(shorten(redact(error.message, secrets)), cause);
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
