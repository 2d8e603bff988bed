import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { messageOf } from "../message-of.js";
import { Refusal } from "../service/refusal.js";
import { type ControlPort, controlTable } from "./control-table.js";
import { openApi } from "./openapi.js";

const description = { method: "GET", path: "/openapi.json", summary: "This description", status: 200 } as const;
const following = {
  method: "GET",
  path: "/journal/follow",
  summary: "What happens, as it happens, as server-sent events",
  status: 200,
} as const;

/** The same as the simulator's methods, for who has it in another process. */
export function controlRoutes(port: ControlPort): Hono {
  const app = new Hono();
  app.use("*", async (context, next) => {
    // A page in a browser can send a form or plain text to loopback unasked, but not JSON.
    const json = context.req.header("content-type")?.startsWith("application/json");
    if (context.req.method === "POST" && !json)
      return context.json({ message: "the body must be application/json" }, 415);
    return next();
  });
  const table = controlTable(port);
  for (const route of table) {
    app.on(route.method, route.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const read = await readBody(context, route.body);
      if (read.problem !== undefined) return context.json({ message: read.problem }, 400);
      try {
        const { status, body } = route.handle({
          body: read.value,
          param: (name) => context.req.param(name) ?? "",
          query: (name) => context.req.query(name),
        });
        return body === undefined ? new Response(null, { status }) : Response.json(body, { status });
      } catch (error) {
        // What the simulator's methods throw at wrong input is for whoever asked.
        if (
          error instanceof Refusal ||
          error instanceof TypeError ||
          error instanceof RangeError ||
          error instanceof WrongCall
        ) {
          return context.json({ message: error.message }, 400);
        }
        throw error;
      }
    });
  }
  app.get(description.path, (context) => context.json(openApi([...table, description, following])));
  app.get(following.path, (context) =>
    streamSSE(context, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      for await (const entry of port.journal.follow({ signal: gone.signal })) {
        await stream.writeSSE({ id: String(entry.seq), event: entry.subject, data: JSON.stringify(entry) });
      }
    }),
  );
  app.all("*", (context) => {
    const places = table.map(({ method, path }) => `${method} ${path}`);
    return context.json(
      { message: `there is no ${context.req.method} ${context.req.path}`, see: "/_simulator/openapi.json", places },
      404,
    );
  });
  return app;
}

/** A control call that makes no sense; the message is for whoever sent it. */
class WrongCall extends Error {}

async function readBody(
  context: Context,
  schema: z.ZodType | undefined,
): Promise<{ value?: unknown; problem?: string }> {
  if (schema === undefined) return {};
  const text = await context.req.text();
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    return { problem: `the body is no JSON: ${messageOf(error)}` };
  }
  const checked = schema.safeParse(value);
  return checked.success ? { value: checked.data } : { problem: z.prettifyError(checked.error) };
}
