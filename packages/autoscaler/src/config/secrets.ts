import { createPrivateKey } from "node:crypto";
import { Secret } from "@scaleset/client";
import type { CredentialsConfig } from "./config.js";
import { absolutePath, readText } from "./host.js";
import type { ConfigIssue, Path } from "./issue.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";

export interface SecretFindings {
  /** Undefined where an issue says why. */
  readonly credentials: CredentialsConfig | undefined;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

interface Context {
  readonly source: ConfigSource;
  readonly raw: unknown;
  readonly issues: ConfigIssue[];
  readonly warnings: ConfigIssue[];
}

const CHOICES = ["token", "tokenFile", "app"] as const;

/** Finds the one credential under `github`, reads its file, and wraps what is secret. Looks at raw data, so that it can
 *  say its part while other parts are still wrong; what has the wrong type is left to the schema. */
export function readCredentials(raw: unknown, source: ConfigSource): SecretFindings {
  const context: Context = { source, raw, issues: [], warnings: [] };
  const credentials = choose(context);
  return { credentials, issues: context.issues, warnings: context.warnings };
}

function choose(context: Context): CredentialsConfig | undefined {
  const { source, raw } = context;
  const github = valueAt(raw, ["github"]);
  if (!isMapping(github)) return undefined;
  const given = CHOICES.filter((choice) => github[choice] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    const place = source.place(["github", "token"]);
    const fromFlags = place.kind !== "file";
    context.issues.push({
      place,
      path: ["github"],
      problem: "a credential is missing",
      remedy: fromFlags
        ? "set SCALESET_TOKEN, or give --app-client-id with --app-private-key-file"
        : `add app (recommended), tokenFile, or token: \${SCALESET_TOKEN}`,
    });
    return undefined;
  }
  if (second !== undefined) {
    const names = given.map((choice) => source.nameOf(["github", choice])).join(" and ");
    const path = ["github", second];
    const problem = `expected one credential, found ${names}`;
    context.issues.push({ place: source.place(path, "key"), path, problem, remedy: "keep one of them" });
    return undefined;
  }
  if (first === "app") return appCredentials(context);
  const token =
    first === "token" ? textAt(context, ["github", "token"]) : fileAt(context, ["github", "tokenFile"], "the token");
  if (token === undefined) return undefined;
  if (/\s/.test(token)) {
    const path = ["github", first];
    const problem = "expected a token without blanks and line ends";
    context.issues.push({ place: source.place(path), path, problem, remedy: "keep the token alone" });
    return undefined;
  }
  return { kind: "token", token: new Secret(token) };
}

function appCredentials(context: Context): CredentialsConfig | undefined {
  const app = ["github", "app"];
  const keys = valueAt(context.raw, app);
  if (!isMapping(keys)) return undefined;
  const { clientId, installationId, privateKey: given, privateKeyFile } = keys;
  const inline = given !== undefined;
  const inFile = privateKeyFile !== undefined;
  if (inline === inFile) {
    const path = [...app, "privateKeyFile"];
    context.issues.push({
      place: context.source.place(path, "key"),
      path,
      problem: inline ? "expected one private key, found two" : "the App's private key is missing",
      remedy: inline
        ? "keep one of privateKey and privateKeyFile"
        : `give ${context.source.nameOf(path)}: the PEM file that GitHub made for the App`,
    });
    return undefined;
  }
  const path = [...app, inline ? "privateKey" : "privateKeyFile"];
  const privateKey = inline ? textAt(context, path) : fileAt(context, path, "the private key");
  if (privateKey === undefined) return undefined;
  if (!isPrivateKey(privateKey)) {
    context.issues.push({
      place: context.source.place(path),
      path,
      problem: "expected an RSA private key as PEM (-----BEGIN … PRIVATE KEY-----)",
      remedy: "use the .pem file that GitHub made for the App, unchanged",
    });
    return undefined;
  }
  if (typeof clientId !== "string") return undefined;
  const id = typeof installationId === "string" ? Number(installationId) : installationId;
  return {
    kind: "app",
    clientId,
    installationId: typeof id === "number" ? id : undefined,
    privateKey: new Secret(privateKey),
  };
}

function textAt({ raw }: Context, path: Path): string | undefined {
  const value = valueAt(raw, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function fileAt(context: Context, path: Path, what: string): string | undefined {
  const { source } = context;
  const given = textAt(context, path);
  if (given === undefined) return undefined;
  const file = absolutePath(given, source.baseFolder);
  const read = readText(file);
  const place = source.place(path);
  if (read.text === undefined) {
    context.issues.push({
      place,
      path,
      problem: `the file with ${what} ${read.why}: ${file}`,
      remedy: "correct the path (it is relative to the configuration) or the file's rights",
    });
    return undefined;
  }
  const text = read.text.trim();
  if (text === "") {
    const problem = `the file with ${what} is empty: ${file}`;
    context.issues.push({ place, path, problem, remedy: `put ${what} into it, and nothing else` });
    return undefined;
  }
  if (read.openToOthers) {
    const problem = `every user of this machine can read or change ${file}`;
    context.warnings.push({ place, path, problem, remedy: `chmod 600 ${file}` });
  }
  return text;
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
