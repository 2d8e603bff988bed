import { Refusal } from "../service/refusal.js";
import type { Token, TokenKind, Tokens } from "../service/tokens.js";

/** What a call demands of its `Authorization` header. */
export interface Demand {
  /** Kinds of token that open this call. */
  readonly kinds: readonly TokenKind[];
  /** @default "bearer" */
  readonly scheme?: "bearer" | "remoteauth";
}

/** The credential in the header. Schemes are compared without case, since clients differ in it. */
export function credentialOf(headers: Headers, scheme: string): string {
  const header = headers.get("authorization") ?? "";
  const space = header.indexOf(" ");
  if (space < 0 || header.slice(0, space).toLowerCase() !== scheme) {
    throw new Refusal("UnauthorizedException", `This call needs an Authorization header of the scheme ${scheme}.`);
  }
  return header.slice(space + 1).trim();
}

/** The token in the header, if it is known, not expired, and of a kind that opens this call. */
export function admit(
  tokens: Tokens,
  headers: Headers,
  { kinds, scheme = "bearer", nowMs }: Demand & { readonly nowMs: number },
): Token {
  const token = tokens.find(credentialOf(headers, scheme));
  if (token === undefined) throw new Refusal("UnauthorizedException", "Bad credentials");
  if (!kinds.includes(token.kind)) {
    throw new Refusal("UnauthorizedException", `A token of kind ${token.kind} does not open this call.`);
  }
  if (token.expiresAtMs <= nowMs) throw new Refusal("UnauthorizedException", `The ${token.kind} token has expired.`);
  return token;
}

/** Refuses a token that was issued for something else. */
export function requireSubject(token: Token, subject: string): void {
  if (token.subject !== undefined && token.subject !== subject) {
    throw new Refusal("ForbiddenException", `The ${token.kind} token was issued for another place.`);
  }
}
