import { type Random, randomHex } from "../time/random.js";

/** What a token opens. */
export type TokenKind = "personal" | "installation" | "registration" | "admin" | "queue" | "runner" | "job";

export interface Token {
  readonly kind: TokenKind;
  readonly value: string;
  readonly expiresAtMs: number;
  /** The scope it was issued for: key of a scope, or of whatever else it names; absent = any. */
  readonly subject?: string | undefined;
}

/**
 * Every token in use, by value. Expired ones are kept a while, so that "expired" can be told from "unknown"; those of
 * runners, attempts and sessions that are over go with them.
 */
export class Tokens {
  readonly #byValue = new Map<string, Token>();
  readonly #bySubject = new Map<string, Set<string>>();
  readonly #now: () => number;
  readonly #random: Random;
  readonly #peerTime: (atMs: number) => number;
  #nextSweepMs = 0;

  constructor(options: {
    readonly now: () => number;
    readonly random: Random;
    readonly peerTime?: ((atMs: number) => number) | undefined;
  }) {
    this.#peerTime = options.peerTime ?? ((atMs) => atMs);
    this.#now = options.now;
    this.#random = options.random;
  }

  /** Makes a token known that was made elsewhere. */
  accept(token: Token): void {
    this.#byValue.set(token.value, token);
  }

  /** Issues a token in the form that tokens of its kind have. */
  issue(kind: TokenKind, options: { readonly ttlMs: number; readonly subject?: string | undefined }): Token {
    this.#sweep();
    const expiresAtMs = this.#now() + options.ttlMs;
    const token: Token = { kind, value: this.#value(kind, expiresAtMs), expiresAtMs, subject: options.subject };
    this.#byValue.set(token.value, token);
    if (token.subject === undefined) return token;
    const values = this.#bySubject.get(token.subject);
    if (values === undefined) this.#bySubject.set(token.subject, new Set([token.value]));
    else values.add(token.value);
    return token;
  }

  /** Forgets every token of what is over for good. */
  forget(subject: string): void {
    for (const value of this.#bySubject.get(subject) ?? []) this.#byValue.delete(value);
    this.#bySubject.delete(subject);
  }

  find(value: string): Token | undefined {
    return this.#byValue.get(value);
  }

  /** Makes every token of a kind (and subject, if given) worthless at once. */
  revoke(kind: TokenKind, subject?: string): void {
    for (const token of this.#byValue.values()) {
      if (token.kind === kind && (subject === undefined || token.subject === subject)) {
        this.#delete(token);
      }
    }
  }

  #delete({ value, subject = "" }: Token): void {
    this.#byValue.delete(value);
    const values = this.#bySubject.get(subject);
    values?.delete(value);
    if (values?.size === 0) this.#bySubject.delete(subject);
  }

  #value(kind: TokenKind, expiresAtMs: number): string {
    const secret = randomHex(this.#random, 20);
    if (kind === "personal") return `simulator-pat-${secret}`;
    if (kind === "installation") return `simulator-installation-${secret}`;
    if (kind === "registration") return `SIMULATOR${secret.toUpperCase()}`;
    // The others are JSON Web Tokens whose readers look at `exp` and at the form, never at the signature.
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      aud: `simulator/${kind}`,
      exp: Math.floor(this.#peerTime(expiresAtMs) / 1000),
      nbf: Math.floor(this.#peerTime(this.#now()) / 1000),
    };
    return `${part({ typ: "JWT", alg: "RS256" })}.${part(claims)}.${Buffer.from(secret, "hex").toString("base64url")}`;
  }

  #sweep(): void {
    const now = this.#now();
    if (now < this.#nextSweepMs) return;
    this.#nextSweepMs = now + 3_600_000;
    for (const token of this.#byValue.values()) {
      if (token.expiresAtMs < now - 3_600_000) this.#delete(token);
    }
  }
}
