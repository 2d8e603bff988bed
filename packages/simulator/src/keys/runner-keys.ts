import { createPublicKey, type KeyObject } from "node:crypto";
import { publicTestKeys } from "./public-test-keys.js";
import type { RsaPrivateJwk } from "./rsa-private-jwk.js";

/** Where the keys in JIT configs come from. */
export interface RunnerKeys {
  /** The key of the runner with this id. */
  keyOf(runnerId: number): RsaPrivateJwk;
}

/** Eight fixed, public keys in turn: no time is spent on making any, and the same run gives the same configs. */
export const fixedRunnerKeys: RunnerKeys = {
  keyOf(runnerId) {
    const key = publicTestKeys[runnerId % publicTestKeys.length];
    if (key === undefined) throw new Error("there is no test key");
    return key;
  },
};

/** The public half, for checking what a runner signed. */
export function publicKeyOf(jwk: RsaPrivateJwk): KeyObject {
  return createPublicKey({ key: { kty: "RSA", n: jwk.n, e: jwk.e }, format: "jwk" });
}

/**
 * A key as the file `.credentials_rsaparams` holds it. Every number is padded on the left to the length of its kind,
 * for .NET refuses other lengths while JSON Web Keys drop leading zeros (runner-protocol.md §1).
 */
export function rsaParameters(jwk: RsaPrivateJwk): Record<string, string> {
  const bytes = Buffer.from(jwk.n, "base64url").length;
  const whole = (value: string): string => padded(value, bytes);
  const half = (value: string): string => padded(value, bytes / 2);
  return {
    d: whole(jwk.d),
    dp: half(jwk.dp),
    dq: half(jwk.dq),
    exponent: Buffer.from(jwk.e, "base64url").toString("base64"),
    inverseQ: half(jwk.qi),
    modulus: whole(jwk.n),
    p: half(jwk.p),
    q: half(jwk.q),
  };
}

function padded(value: string, bytes: number): string {
  const number = Buffer.from(value, "base64url");
  return Buffer.concat([Buffer.alloc(Math.max(0, bytes - number.length)), number]).toString("base64");
}
