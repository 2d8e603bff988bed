import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { Refusal } from "../service/refusal.js";

/** What the service knows of a GitHub App. What is not given is not checked. */
export interface AppRules {
  /** Client id or app id that the JWT must name as its issuer. */
  readonly issuer?: string | undefined;
  /** Public (or private) key in PEM, to check signatures with. */
  readonly key?: string | undefined;
  /** The one installation there is. */
  readonly installationId?: number | undefined;
  /** What its installation may do; less than a call needs is a 403 that names it. */
  readonly permissions?: Readonly<Record<string, "read" | "write">> | undefined;
}

const headerSchema = z.object({ alg: z.literal("RS256"), typ: z.literal("JWT").optional() });
const claimsSchema = z.object({
  iss: z.union([z.string().min(1), z.int()]),
  iat: z.number(),
  exp: z.number(),
});

/** GitHub takes no App JWT that lives longer. */
const longestLifeSeconds = 600;
/** How far ahead `iat` may be, for clocks that run fast. */
const leewaySeconds = 60;

/** Checks an App JWT as GitHub does: form, algorithm, times, issuer, and the signature if a key is known. */
export function checkAppJwt(jwt: string, { nowMs, app }: { readonly nowMs: number; readonly app: AppRules }): void {
  const [header, payload, signature, ...rest] = jwt.split(".");
  if (header === undefined || payload === undefined || !signature || rest.length > 0) {
    throw unauthorized("A JSON web token could not be decoded");
  }
  if (!headerSchema.safeParse(decode(header)).success) throw unauthorized("A JSON web token could not be decoded");
  const claims = claimsSchema.safeParse(decode(payload));
  if (!claims.success) throw unauthorized("Missing or malformed claim: iss, iat and exp are needed");
  const { iss, iat, exp } = claims.data;
  const now = nowMs / 1000;
  if (iat > now + leewaySeconds) {
    throw unauthorized(
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  }
  if (exp <= now) {
    throw unauthorized(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  }
  if (exp > now + longestLifeSeconds + leewaySeconds || exp - iat > longestLifeSeconds + leewaySeconds) {
    throw unauthorized("'Expiration time' claim ('exp') is too far in the future");
  }
  if (app.issuer !== undefined && String(iss) !== app.issuer) throw unauthorized("Integration not found");
  if (app.key !== undefined && !signedWith(createPublicKey(app.key), `${header}.${payload}`, signature)) {
    throw unauthorized("A JSON web token could not be decoded");
  }
}

function signedWith(key: KeyObject, data: string, signature: string): boolean {
  return verify("sha256", Buffer.from(data), key, Buffer.from(signature, "base64url"));
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

function unauthorized(message: string): Refusal {
  return new Refusal("UnauthorizedException", message);
}
