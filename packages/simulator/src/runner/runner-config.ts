/** What a runner learns from its JIT config. */
export interface RunnerConfig {
  readonly agentId: string;
  readonly agentName: string;
  readonly workFolder: string;
  /** The broker; ends in a slash. */
  readonly brokerUrl: string;
  readonly clientId: string;
  readonly tokenUrl: string;
  /** RSA key as a JSON Web Key. */
  readonly key: Readonly<Record<string, string>>;
  /** How the simulator wants this runner to misbehave, as JSON; real runners do not look at it. */
  readonly behaviour: string | undefined;
}

/** Where `.runner` says how to misbehave. */
const behaviourKey = "SimulatedBehaviour";

/** Reads an encoded JIT config as the official runner does. @throws Error when it cannot be read; the text holds nothing of it */
export function readJitConfig(encoded: string): RunnerConfig {
  const files = decode(encoded, "the JIT config");
  const settings = decode(text(files, ".runner"), ".runner");
  const credentials = decode(text(files, ".credentials"), ".credentials");
  const parameters = decode(text(files, ".credentials_rsaparams"), ".credentials_rsaparams");
  if (text(credentials, "Scheme").toLowerCase() !== "oauth") throw new Error(".credentials: the scheme is not OAuth");
  const data = credentials["Data"];
  if (!isRecord(data)) throw new Error(".credentials: Data is missing");
  if (text(settings, "UseV2Flow").toLowerCase() !== "true") throw new Error(".runner: only the V2 flow is spoken");
  return {
    agentId: text(settings, "AgentId"),
    agentName: text(settings, "AgentName"),
    workFolder: text(settings, "WorkFolder"),
    brokerUrl: text(settings, "ServerUrlV2"),
    clientId: text(data, "ClientId"),
    tokenUrl: text(data, "AuthorizationUrl"),
    key: keyOf(parameters),
    behaviour: typeof settings[behaviourKey] === "string" ? settings[behaviourKey] : undefined,
  };
}

const jwkNames = {
  modulus: "n",
  exponent: "e",
  d: "d",
  p: "p",
  q: "q",
  dp: "dp",
  dq: "dq",
  inverseQ: "qi",
} as const;

function keyOf(parameters: Readonly<Record<string, unknown>>): Record<string, string> {
  const key: Record<string, string> = { kty: "RSA" };
  for (const [name, jwkName] of Object.entries(jwkNames)) {
    key[jwkName] = Buffer.from(text(parameters, name), "base64").toString("base64url");
  }
  return key;
}

function decode(encoded: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  } catch {
    throw new Error(`${what} cannot be decoded`);
  }
  if (!isRecord(value)) throw new Error(`${what} is no object`);
  return value;
}

function text(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`${name} is missing`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
