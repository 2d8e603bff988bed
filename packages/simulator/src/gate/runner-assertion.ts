import { constants, type KeyObject, verify } from "node:crypto";
import { z } from "zod";

const headerSchema = z.object({ alg: z.enum(["RS256", "PS256"]) });
const claimsSchema = z.object({
  iss: z.string().min(1),
  sub: z.string().min(1),
  aud: z.url(),
  jti: z.string().min(1),
  nbf: z.number(),
  exp: z.number(),
});

/** How far a runner's clock may be off. */
const leewaySeconds = 300;

/**
 * Checks the JWT by which a runner proves who it is (runner-protocol.md §2). Answers its client id, or nothing if
 * anything is wrong with it: the token endpoint tells no reasons.
 */
export function clientOfAssertion(
  jwt: string,
  options: {
    readonly nowMs: number;
    readonly audiencePath: string;
    readonly keyOf: (clientId: string) => KeyObject | undefined;
  },
): string | undefined {
  const [header, payload, signature, ...rest] = jwt.split(".");
  if (header === undefined || payload === undefined || !signature || rest.length > 0) return undefined;
  const head = headerSchema.safeParse(decode(header));
  const body = claimsSchema.safeParse(decode(payload));
  if (!head.success || !body.success) return undefined;
  const { iss, sub, aud, nbf, exp } = body.data;
  const now = options.nowMs / 1000;
  if (iss !== sub || new URL(aud).pathname !== options.audiencePath) return undefined;
  if (nbf > now + leewaySeconds || exp <= now - leewaySeconds || exp - nbf > 600) return undefined;
  const key = options.keyOf(iss);
  if (key === undefined) return undefined;
  const padding =
    head.data.alg === "PS256"
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      : { key, padding: constants.RSA_PKCS1_PADDING };
  const signed = verify("sha256", Buffer.from(`${header}.${payload}`), padding, Buffer.from(signature, "base64url"));
  return signed ? iss : undefined;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
