import { constants, createPrivateKey, sign } from "node:crypto";
import { request } from "node:http";
import { request as secureRequest } from "node:https";

/** An answer as it came over the wire. */
export interface Wired {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  readonly json: any;
}

/** Sends exactly these headers and this body, and nothing that a client library would add but Host and Connection. */
export function wire(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
  { ca, signal }: { readonly ca?: string | undefined; readonly signal?: AbortSignal } = {},
): Promise<Wired> {
  const length: Record<string, string> =
    body === undefined && method === "GET" ? {} : { "Content-Length": String(Buffer.byteLength(body ?? "")) };
  const options = { method, headers: { ...headers, ...length }, ca, signal };
  return new Promise((resolve, reject) => {
    const sending = (url.startsWith("https:") ? secureRequest : request)(url, options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(text) }),
      );
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The three files of a JIT config. */
export function filesOf(jitConfig: string) {
  const decode = (text: string) => JSON.parse(Buffer.from(text, "base64").toString());
  const files = decode(jitConfig);
  return {
    runner: decode(files[".runner"]),
    credentials: decode(files[".credentials"]),
    numbers: decode(files[".credentials_rsaparams"]),
  };
}

/** What a runner signs for a token. */
export function assertionOf(
  { credentials, numbers }: ReturnType<typeof filesOf>,
  { alg, backSeconds = 0, issuedAt = false }: { alg: "RS256" | "PS256"; backSeconds?: number; issuedAt?: boolean },
): string {
  const url = (value: string) => Buffer.from(value, "base64").toString("base64url");
  const { modulus, exponent, inverseQ, ...others } = numbers as Record<string, string>;
  const jwk = Object.fromEntries([
    ["kty", "RSA"],
    ["n", url(modulus ?? "")],
    ["e", url(exponent ?? "")],
    ["qi", url(inverseQ ?? "")],
    ...Object.entries(others).map(([name, value]) => [name, url(value)]),
  ]);
  const { ClientId, AuthorizationUrl } = credentials.Data;
  const nbf = Math.floor(performance.timeOrigin / 1000 + performance.now() / 1000) - backSeconds;
  const claims = {
    sub: ClientId,
    iss: ClientId,
    aud: AuthorizationUrl,
    jti: "6f1c2a52-6f3c-4f5a-9a39-0c2f5d3c8d11",
    nbf,
    exp: nbf + 300,
    ...(issuedAt ? { iat: nbf } : {}),
  };
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const data = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  const padding = alg === "PS256" ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  const key = { key: createPrivateKey({ key: jwk, format: "jwk" }), ...padding };
  return `${data}.${sign("sha256", Buffer.from(data), key).toString("base64url")}`;
}
