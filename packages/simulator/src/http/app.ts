import { Hono } from "hono";
import { ConnectionReset } from "../faults/inject.js";
import type { AppRules } from "../gate/app-jwt.js";
import type { JobLogs } from "../service/logs.js";
import { Refusal } from "../service/refusal.js";
import { paths, type UrlShapes } from "../wire/endpoints.js";
import { actionsError, brokerError, gitHubError, runServiceError } from "../wire/exceptions.js";
import { type AppEnv, type Around, addRoutes, answer, type Desk } from "./exchange.js";
import { gitHubApiRoutes } from "./github-api.js";
import { legacyJobRoutes, legacyRunnerRoutes } from "./legacy-runner-api.js";
import { messageQueueRoutes } from "./message-queue.js";
import { resultsRoutes } from "./results.js";
import { runServiceRoutes } from "./run-service.js";
import { brokerRoutes, runnerTokenRoute } from "./runner-api.js";
import { scaleSetRoutes } from "./scale-set-api.js";

/** The whole service as one application: a request goes in, a response comes out. */
export function createApp(
  desk: Desk,
  options: {
    readonly urls: UrlShapes;
    readonly app: AppRules;
    readonly logs: JobLogs;
    readonly around: Around;
    readonly control: Hono;
  },
): Hono<AppEnv> {
  const { around } = options;
  const app = new Hono<AppEnv>();
  // Hosted, the API has a host of its own and no prefix; on a GitHub Enterprise Server it is the other way round.
  const base = options.urls === "ghes" ? "/api/v3" : "";
  app.route(paths.control, options.control);
  addRoutes(app, desk, { routes: scaleSetRoutes(desk), refuse: actionsError, around });
  addRoutes(app, desk, { routes: messageQueueRoutes(desk), refuse: actionsError, around });
  addRoutes(app, desk, { routes: [runnerTokenRoute(desk)], refuse: brokerError, around });
  addRoutes(app, desk, { routes: [...brokerRoutes(desk), ...legacyRunnerRoutes(desk)], refuse: brokerError, around });
  addRoutes(app, desk, {
    routes: [...runServiceRoutes(desk), ...legacyJobRoutes(desk)],
    refuse: runServiceError,
    around,
  });
  addRoutes(app, desk, { routes: resultsRoutes(desk, options.logs), refuse: runServiceError, around });
  // What else runners send is best effort, and 404 is what makes both kinds of runner go on at once.
  const noResults = (): never => {
    throw new Refusal("NotFoundException", "The simulator keeps nothing of this kind.");
  };
  for (const path of [`${paths.results}*`, `${paths.run}_apis/distributedtask/*`]) {
    app.all(path, (context) =>
      answer(context, desk, { call: "runner-results", handle: noResults, refuse: runServiceError, around }),
    );
  }
  addRoutes(app, desk, { routes: gitHubApiRoutes(desk, { base, app: options.app }), refuse: gitHubError, around });
  const notFound = (): never => {
    throw new Refusal("NotFoundException", "Not Found");
  };
  app.all("*", (context) => answer(context, desk, { call: "unknown", handle: notFound, refuse: gitHubError, around }));
  app.onError((error) => {
    // Out to whoever holds the connection: it is theirs to break.
    if (error instanceof ConnectionReset) throw error;
    return Response.json({ message: `the simulator failed: ${error.message}` }, { status: 500 });
  });
  return app;
}
