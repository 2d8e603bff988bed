import { z } from "zod";
import { type AppRules, checkAppJwt } from "../gate/app-jwt.js";
import { admit, credentialOf, requireSubject } from "../gate/authorization.js";
import { requireUserAgent } from "../gate/headers.js";
import { requireRunnerManagement } from "../gate/permissions.js";
import { Refusal } from "../service/refusal.js";
import { scopeOf } from "../service/scopes.js";
import type { Scope } from "../service/state.js";
import type { Desk, Exchange, Route } from "./exchange.js";

const registrationSchema = z.object({ url: z.string().min(1), runner_event: z.literal("register") });

/** The part that belongs to GitHub itself: tokens for an App, for registering, and the way to the Actions service. */
export function gitHubApiRoutes(desk: Desk, { base, app }: { readonly base: string; readonly app: AppRules }): Route[] {
  const { service, clock, endpoints } = desk;
  const installationId = app.installationId ?? 1;

  function personalOrInstallation(exchange: Exchange, scope: Scope): void {
    requireUserAgent(exchange.headers);
    const token = admit(service.tokens, exchange.headers, { kinds: ["personal", "installation"], nowMs: clock.now() });
    requireRunnerManagement(token, scope, { tokenScopes: desk.tokenScopes, appPermissions: app.permissions });
  }

  function appJwt(exchange: Exchange): void {
    requireUserAgent(exchange.headers);
    checkAppJwt(credentialOf(exchange.headers, "bearer"), { nowMs: desk.peerTime(clock.now()), app });
  }

  function scopeAt(path: string): Scope {
    const scope = service.step((context) => scopeOf(context, path));
    if (scope === undefined) throw new Refusal("NotFoundException", "Not Found");
    return scope;
  }

  /** The three ways of naming a scope in the API. */
  function scoped(
    method: Route["method"],
    suffix: string,
    route: Pick<Route, "call"> & {
      handle: (exchange: Exchange, scope: Scope) => Response | Promise<Response>;
    },
  ): Route[] {
    const shapes: readonly [path: string, scope: (exchange: Exchange) => string][] = [
      [`${base}/orgs/:org/${suffix}`, ({ param }) => param("org")],
      [`${base}/repos/:owner/:repo/${suffix}`, ({ param }) => `${param("owner")}/${param("repo")}`],
      [`${base}/enterprises/:name/${suffix}`, ({ param }) => `enterprises/${param("name")}`],
    ];
    return shapes.map(([path, pathOf]) => ({
      method,
      path,
      call: route.call,
      handle: (exchange) => route.handle(exchange, scopeAt(pathOf(exchange))),
    }));
  }

  return [
    {
      method: "POST",
      path: `${base}/app/installations/:id/access_tokens`,
      call: "create-installation-token",
      handle: (exchange) => {
        appJwt(exchange);
        if (app.installationId !== undefined && exchange.id("id") !== app.installationId) {
          throw new Refusal("NotFoundException", "Not Found");
        }
        const token = service.tokens.issue("installation", { ttlMs: service.options.registrationTokenTtlMs });
        return tokenAnswer(desk, token);
      },
    },
    ...scoped("GET", "installation", {
      call: "get-installation",
      handle: (exchange) => {
        appJwt(exchange);
        return Response.json({ id: installationId });
      },
    }),
    ...scoped("POST", "actions/runners/registration-token", {
      call: "create-registration-token",
      handle: (exchange, scope) => {
        personalOrInstallation(exchange, scope);
        const ttlMs = service.options.registrationTokenTtlMs;
        return tokenAnswer(desk, service.tokens.issue("registration", { ttlMs, subject: scope.key }));
      },
    }),
    ...scoped("GET", "actions/runners/downloads", {
      call: "list-runner-downloads",
      handle: (exchange, scope) => {
        personalOrInstallation(exchange, scope);
        return Response.json(runnerDownloads);
      },
    }),
    {
      method: "POST",
      path: `${base}/actions/runner-registration`,
      call: "register-runner",
      handle: async (exchange) => {
        const { headers, url } = exchange;
        requireUserAgent(headers);
        const demand = { kinds: ["registration"], scheme: "remoteauth", nowMs: clock.now() } as const;
        const token = admit(service.tokens, headers, demand);
        const body = await exchange.json(registrationSchema);
        const configUrl = URL.canParse(body.url) ? new URL(body.url) : undefined;
        if (configUrl === undefined) throw new Refusal("ArgumentException", "url is no URL.");
        if (configUrl.host !== new URL(endpoints.gitHubUrl(url.origin)).host) {
          throw new Refusal("NotFoundException", "Not Found");
        }
        const scope = scopeAt(configUrl.pathname);
        requireSubject(token, scope.key);
        const ttlMs = service.options.adminTokenTtlMs;
        const admin = service.tokens.issue("admin", { ttlMs, subject: scope.key });
        return Response.json({
          url: endpoints.serviceUrl(url.origin, scope),
          token: admin.value,
          token_schema: "OAuthAccessToken",
        });
      },
    },
  ];
}

function tokenAnswer({ peerTime }: Desk, token: { readonly value: string; readonly expiresAtMs: number }): Response {
  return Response.json(
    { token: token.value, expires_at: new Date(peerTime(token.expiresAtMs)).toISOString() },
    { status: 201 },
  );
}

const runnerDownloads = [
  ["linux", "x64", "tar.gz"],
  ["linux", "arm64", "tar.gz"],
  ["osx", "arm64", "tar.gz"],
  ["win", "x64", "zip"],
].map(([os, architecture, suffix]) => {
  const filename = `actions-runner-${os}-${architecture}-2.999.0.${suffix}`;
  const download_url = `https://github.invalid/actions/runner/releases/download/v2.999.0/${filename}`;
  return { os, architecture, download_url, filename };
});
