/** The private RSA key of a runner, as a JSON Web Key: unpadded base64url of big-endian numbers. */
export interface RsaPrivateJwk {
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}
