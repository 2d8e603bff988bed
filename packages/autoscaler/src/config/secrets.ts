import { createPrivateKey } from "node:crypto";
import { Secret } from "@scaleset/client";
import type { CredentialsConfig, SecretConfig } from "./config.js";
import { absolutePath, readText } from "./host.js";
import type { ConfigIssue, Path } from "./issue.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";

export interface SecretFindings {
  /** Undefined where there is none, or an issue says why. */
  readonly credentials: CredentialsConfig | undefined;
  /** Whether a credential is written here at all. */
  readonly given: boolean;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

interface Context {
  readonly source: ConfigSource;
  readonly raw: unknown;
  readonly issues: ConfigIssue[];
  readonly warnings: ConfigIssue[];
}

const CHOICES = ["token", "tokenFile", "tokenCommand", "app"] as const;
const KEYS = ["privateKey", "privateKeyFile", "privateKeyCommand"] as const;

/**
 * Finds the one credential below a path, `github` or a target. Files are looked into, so that a missing one is told at
 * once; the daemon reads them again. Looks at raw data, so that it can say its part while other parts are still wrong;
 * what has the wrong type is left to the schema.
 */
export function readCredentials(raw: unknown, at: Path, source: ConfigSource): SecretFindings {
  const context: Context = { source, raw, issues: [], warnings: [] };
  const holder = valueAt(raw, at);
  const given = isMapping(holder) ? CHOICES.filter((choice) => holder[choice] !== undefined) : [];
  const credentials = choose(context, at, given);
  return { credentials, given: given.length > 0, issues: context.issues, warnings: context.warnings };
}

function choose(context: Context, at: Path, given: readonly string[]): CredentialsConfig | undefined {
  const [first, second] = given;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    tooMany(context, at, given, "credential");
    return undefined;
  }
  if (first === "app") return appCredentials(context, [...at, "app"]);
  const token = secretAt(context, [...at, first], "the token", (text) =>
    /\s/.test(text)
      ? { problem: "expected a token without blanks and line ends", remedy: "keep the token alone" }
      : undefined,
  );
  return token && { kind: "token", token };
}

function appCredentials(context: Context, at: Path): CredentialsConfig | undefined {
  const keys = valueAt(context.raw, at);
  if (!isMapping(keys)) return undefined;
  const { clientId, installationId } = keys;
  const given = KEYS.filter((key) => keys[key] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    const path = [...at, "privateKeyFile"];
    context.issues.push({
      place: context.source.place(path, "key"),
      path,
      problem: "the App's private key is missing",
      remedy: `give ${context.source.nameOf(path)}: the PEM file that GitHub made for the App`,
    });
    return undefined;
  }
  if (second !== undefined) {
    tooMany(context, at, given, "private key");
    return undefined;
  }
  const privateKey = secretAt(context, [...at, first], "the private key", (text) =>
    isPrivateKey(text)
      ? undefined
      : {
          problem: "expected an RSA private key as PEM (-----BEGIN … PRIVATE KEY-----)",
          remedy: "use the .pem file that GitHub made for the App, unchanged",
        },
  );
  if (privateKey === undefined || typeof clientId !== "string") return undefined;
  const id = typeof installationId === "string" ? Number(installationId) : installationId;
  return { kind: "app", clientId, installationId: typeof id === "number" ? id : undefined, privateKey };
}

function tooMany({ source, issues }: Context, at: Path, given: readonly string[], what: string): void {
  const path = [...at, given[1] ?? ""];
  const names = given.map((key) => source.nameOf([...at, key])).join(" and ");
  const problem = `expected one ${what}, found ${names}`;
  issues.push({ place: source.place(path, "key"), path, problem, remedy: "keep one of them" });
}

type Doubt = { readonly problem: string; readonly remedy: string } | undefined;

/** What kind of source it is, its key says: `…File`, `…Command`, or the secret itself. */
function secretAt(
  context: Context,
  path: Path,
  what: string,
  doubt: (text: string) => Doubt,
): SecretConfig | undefined {
  const key = String(path.at(-1));
  if (key.endsWith("Command")) return commandAt(context, path);
  const inFile = key.endsWith("File");
  const text = inFile ? fileAt(context, path, what) : textAt(context, path);
  if (text === undefined) return undefined;
  const wrong = doubt(text);
  if (wrong !== undefined) {
    context.issues.push({ place: context.source.place(path), path, ...wrong });
    return undefined;
  }
  return inFile ? { file: absolutePath(textAt(context, path) ?? "", context.source.baseFolder) } : new Secret(text);
}

function commandAt({ raw, source }: Context, path: Path): SecretConfig | undefined {
  const value = valueAt(raw, path);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const words = value.filter((word) => typeof word === "string" && word !== "");
  return words.length < value.length ? undefined : { command: words, folder: source.baseFolder };
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
