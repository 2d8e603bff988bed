import { createPrivateKey, sign as cryptoSign } from "node:crypto";
import { ScaleSetError } from "../errors.js";
import type { Secret } from "../secret.js";

/** Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RS256): the default does it with node:crypto, a KMS does it elsewhere. */
export type Signer = (data: Uint8Array, options: { readonly signal: AbortSignal }) => Uint8Array | Promise<Uint8Array>;

/** Set back, for servers whose clock is a little behind ours. */
const BACKDATED_S = 60;
/** GitHub takes 10 minutes at most. */
const LIFE_S = 9 * 60;

/** The header and payload of an App's JWT, encoded: what is to be signed. */
function appJwtInput(issuer: string, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000) - BACKDATED_S;
  return `${encode({ alg: "RS256", typ: "JWT" })}.${encode({ iat, exp: iat + LIFE_S, iss: issuer })}`;
}

export async function signAppJwt(
  issuer: string,
  options: { readonly nowMs: number; readonly sign: Signer; readonly signal: AbortSignal },
): Promise<string> {
  const input = appJwtInput(issuer, options.nowMs);
  const signature = await options.sign(new TextEncoder().encode(input), { signal: options.signal });
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

/** A signer over an RSA private key, PKCS#1 or PKCS#8, also with its line breaks written as `\n`. */
export function keySigner(privateKey: Secret): Signer {
  const pem = privateKey.reveal().replaceAll("\\n", "\n").trim();
  const key = readKey(pem);
  // Synchronous on purpose: what signs on another thread settles in an order that no seed repeats.
  return (data) => cryptoSign("sha256", data, key);
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> {
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The reason that OpenSSL gives helps nobody, and might quote the key.
    throw new ScaleSetError("CONFIG", "the App's private key is no unencrypted PEM key", { operation: "configure" });
  }
  if (key.asymmetricKeyType !== "rsa") {
    throw new ScaleSetError("CONFIG", "the App's private key is no RSA key", { operation: "configure" });
  }
  return key;
}

/** The `exp` of a JWT, read and not verified: the one who sent it is trusted for it. @unit seconds since the epoch */
export function jwtExpiry(jwt: string): number | undefined {
  const payload = jwt.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null || !("exp" in claims)) return undefined;
    return typeof claims.exp === "number" && Number.isFinite(claims.exp) ? claims.exp : undefined;
  } catch {
    return undefined;
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
