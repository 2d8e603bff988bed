import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
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

/** A new key. One of fewer bits is made and signs faster, which tells in tests of many runners. @param bits @default 2048 */
export function newRunnerKey(bits = 2048): RsaPrivateJwk {
  const jwk = generateKeyPairSync("rsa", { modulusLength: bits }).privateKey.export({ format: "jwk" });
  const part = (name: keyof RsaPrivateJwk): string => jwk[name] ?? "";
  return {
    n: part("n"),
    e: part("e"),
    d: part("d"),
    p: part("p"),
    q: part("q"),
    dp: part("dp"),
    dq: part("dq"),
    qi: part("qi"),
  };
}

/** Keys kept for runners that may still come for a token; a runner whose key is forgotten is not let in. */
const keysKept = 10_000;

/** A key of its own for each runner, made when it is first asked for: as the service does it, and slower by some 50 ms. */
export function freshRunnerKeys(): RunnerKeys {
  const made = new Map<number, RsaPrivateJwk>();
  return {
    keyOf(runnerId) {
      const known = made.get(runnerId);
      if (known !== undefined) return known;
      const key = newRunnerKey();
      made.set(runnerId, key);
      for (const oldest of made.keys()) {
        if (made.size <= keysKept) break;
        made.delete(oldest);
      }
      return key;
    },
  };
}

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
