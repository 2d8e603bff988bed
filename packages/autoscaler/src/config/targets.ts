import { isScaleSetError, parseConfigUrl } from "@scaleset/client";
import { type CredentialsConfig, GITHUB_TARGET, type TargetConfig } from "./config.js";
import type { ConfigIssue, Path } from "./issue.js";
import { readCredentials } from "./secrets.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";

export interface TargetFindings {
  /** By name, `github` for the one at the top; undefined where an issue says why. */
  readonly targets: ReadonlyMap<string, TargetConfig | undefined>;
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Every place to register: `github`, and those under `targets`. One without a credential of its own uses that of
 * `github`, so that one App with many organizations is written once; but never towards another host.
 */
export function readTargets(raw: unknown, source: ConfigSource): TargetFindings {
  const targets = new Map<string, TargetConfig | undefined>();
  const issues: ConfigIssue[] = [];
  const warnings: ConfigIssue[] = [];
  const note = (path: Path, problem: string, remedy: string): void => {
    issues.push({ place: source.place(path), path, problem, remedy });
  };

  const github = valueAt(raw, ["github"]);
  const named = valueAt(raw, ["targets"]);
  const names = isMapping(named) ? Object.keys(named) : [];
  if (github === undefined && named === undefined) {
    note(["github"], "github is missing", "say where to register and how: github: { url: …, app: … }");
  }
  const common = readCredentials(raw, ["github"], source);
  issues.push(...common.issues);
  warnings.push(...common.warnings);

  // Each owner has an installation of its own, which the client looks up.
  const withoutInstallation: CredentialsConfig | undefined =
    common.credentials?.kind === "app" && common.credentials.installationId !== undefined
      ? { ...common.credentials, installationId: undefined }
      : common.credentials;

  const read = (name: string, at: Path): void => {
    targets.set(name, undefined);
    const url = checkUrl(valueAt(raw, [...at, "url"]), [...at, "url"]);
    const own = name === GITHUB_TARGET ? common : readCredentials(raw, at, source);
    if (own !== common) {
      issues.push(...own.issues);
      warnings.push(...own.warnings);
    }
    const credentials = own.given ? own.credentials : inherited(at, url);
    if (url !== undefined && credentials !== undefined) targets.set(name, { url, credentials });
  };

  const inherited = (at: Path, url: string | undefined): CredentialsConfig | undefined => {
    const isGithub = at.length === 1;
    const { credentials } = common;
    if (isGithub || !common.given) {
      const place = source.place([...at, "token"]);
      const remedy =
        place.kind !== "file"
          ? "set SCALESET_TOKEN, or give --app-client-id with --app-private-key-file"
          : `add app (recommended), tokenFile, tokenCommand, or token: \${SCALESET_TOKEN}`;
      issues.push({ place, path: at, problem: "a credential is missing", remedy });
      return undefined;
    }
    const home = valueAt(raw, ["github", "url"]);
    if (
      url !== undefined &&
      typeof home === "string" &&
      urlProblem(home) === undefined &&
      hostOf(home) !== hostOf(url)
    ) {
      const problem = `a credential is missing: that of github is for ${hostOf(home)} alone`;
      note(at, problem, "give this target a credential of its own");
      return undefined;
    }
    const elsewhere = url !== undefined && typeof home === "string" && ownerOf(home) !== ownerOf(url);
    return elsewhere ? withoutInstallation : credentials;
  };

  const checkUrl = (url: unknown, path: Path): string | undefined => {
    if (typeof url !== "string") return undefined;
    const problem = urlProblem(url);
    if (problem !== undefined) {
      note(path, problem, "expected https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME");
      return undefined;
    }
    if (sendsInTheClear(url)) {
      warnings.push({
        place: source.place(path),
        path,
        problem: "credentials would travel unencrypted",
        remedy: "use https",
      });
    }
    return url.trim();
  };

  if (isMapping(github)) {
    // With targets it may hold nothing but the credential that they share.
    const shares = github["url"] === undefined && names.length > 0;
    if (!shares) {
      if (github["url"] === undefined) {
        const place = source.place(["github", "url"]);
        const problem = place.kind === "file" ? "url is missing" : "is required";
        note(
          ["github", "url"],
          problem,
          "give https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME",
        );
      }
      read(GITHUB_TARGET, ["github"]);
    }
  }
  for (const name of names) {
    if (name === GITHUB_TARGET) {
      note(["targets", name], "the name github is taken by the target at the top of the file", "give it another name");
    } else if (isMapping(valueAt(raw, ["targets", name]))) {
      read(name, ["targets", name]);
    } else targets.set(name, undefined);
  }
  return { targets, issues, warnings };
}

function urlProblem(url: string): string | undefined {
  try {
    parseConfigUrl(url);
    return undefined;
  } catch (error) {
    if (isScaleSetError(error)) return error.message;
    throw error;
  }
}

function hostOf(url: string): string {
  return new URL(parseConfigUrl(url).url).host.toLowerCase();
}

/** The organization or user; text that is no config URL has none. */
function ownerOf(url: string): string | undefined {
  if (urlProblem(url) !== undefined) return undefined;
  return new URL(parseConfigUrl(url).url).pathname.split("/")[1]?.toLowerCase();
}

function sendsInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url.trim());
  return protocol === "http:" && !/^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
