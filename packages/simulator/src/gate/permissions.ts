import { Refusal } from "../service/refusal.js";
import type { Scope } from "../service/state.js";
import type { Token } from "../service/tokens.js";

/** What may be done with the tokens there are; undefined = everything. */
export interface Permissions {
  /** Scopes of the personal access token. */
  readonly tokenScopes: readonly string[] | undefined;
  /** Permissions of the App's installation, e.g. `{ organization_self_hosted_runners: "write" }`. */
  readonly appPermissions: Readonly<Record<string, "read" | "write">> | undefined;
}

/** What managing runners of each kind of place needs, as GitHub documents it. */
const needed = {
  org: { scopes: ["admin:org"], permission: "organization_self_hosted_runners" },
  repo: { scopes: ["repo"], permission: "administration" },
  enterprise: {
    scopes: ["manage_runners:enterprise", "admin:enterprise"],
    permission: "enterprise_self_hosted_runners",
  },
} as const;

/** Refuses a token that may not manage runners there, with the headers by which GitHub says what was missing. */
export function requireRunnerManagement(
  token: Token,
  scope: Scope,
  { tokenScopes, appPermissions }: Permissions,
): void {
  const { scopes, permission } = needed[scope.kind];
  if (token.kind === "personal" && tokenScopes !== undefined && !scopes.some((name) => tokenScopes.includes(name))) {
    throw new Refusal("ForbiddenException", "Resource not accessible by personal access token", {
      "x-oauth-scopes": tokenScopes.join(", "),
      "x-accepted-oauth-scopes": scopes.join(", "),
    });
  }
  if (token.kind === "installation" && appPermissions !== undefined && appPermissions[permission] !== "write") {
    throw new Refusal("ForbiddenException", "Resource not accessible by integration", {
      "x-accepted-github-permissions": `${permission}=write`,
    });
  }
}
