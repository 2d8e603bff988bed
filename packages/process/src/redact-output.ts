const REDACTED = "[redacted]";

/**
 * What is a secret wherever it stands in a runner's output: JIT configs and tokens (base64 of JSON, which always begins
 * like this, also in lines), GitHub's own tokens, private keys in both forms, credentials in headers and addresses.
 * Upper and lower case matter: a path is no secret because it begins with "Ey".
 */
const SECRETS = new RegExp(
  [
    String.raw`\b(?:ey[AIJ]|ew[0ko])[A-Za-z0-9+/=_-]{20,}(?:\.[\w-]+)*(?:\r?\n[A-Za-z0-9+/=]{20,})*`,
    String.raw`\bgh[a-z]_[A-Za-z0-9]{16,}`,
    String.raw`\bgithub_pat_\w{16,}`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`,
    String.raw`(?<="(?:d|dp|dq|p|q|inverseQ)"\s*:\s*")[A-Za-z0-9+/=]{16,}`,
    String.raw`(?<=\b(?:[Bb]earer|BEARER|[Rr]emote[Aa]uth|[Bb]asic) )[\w.~+/=-]{8,}`,
    String.raw`(?<=\bhttps?://)[^\s/@:]+:[^\s/@]+(?=@)`,
  ].join("|"),
  "g",
);

/** The end of a secret whose beginning is lost. */
const CUT_SECRET = /^[A-Za-z0-9+/=_-]{16,}/;

const SECRET_NAME = /token|secret|passw|key|credential|auth/i;

/** Shorter values stand in too many words. */
const SHORTEST_SECRET = 6;

export interface Output {
  readonly text: string;
  /** Whether earlier output is missing. */
  readonly isCut: boolean;
}

/** A runner's output without what is or looks like a secret; `env` is what the options gave it. */
export function redactOutput({ text, isCut }: Output, env: Readonly<Record<string, string>>): string {
  let shown = (isCut ? text.replace(CUT_SECRET, REDACTED) : text).replaceAll(SECRETS, REDACTED);
  for (const [name, value] of Object.entries(env)) {
    if (SECRET_NAME.test(name) && value.length >= SHORTEST_SECRET) shown = shown.replaceAll(value, REDACTED);
  }
  return shown;
}

/** The last bytes of a text, from a whole character on. */
export function tailOf(text: string, bytes: number): string {
  if (bytes <= 0) return "";
  const tail = Buffer.from(text).subarray(-bytes);
  const start = tail.findIndex((byte) => (byte & 0xc0) !== 0x80);
  return start < 0 ? "" : tail.subarray(start).toString("utf8");
}
