import { z } from "zod";
import { paths } from "../wire/endpoints.js";
import type { ControlRoute } from "./control-route.js";

/** What is told of a route. */
export type Described = Omit<ControlRoute, "handle">;

/** The control API in the words of OpenAPI 3.1. */
export function openApi(table: readonly Described[]): Record<string, unknown> {
  const operations: Record<string, Record<string, unknown>> = {};
  for (const route of table) {
    const at = `${paths.control}${route.path}`;
    operations[at] = { ...operations[at], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Control of a simulated runner scale set service",
      version: "1",
      description: "Queue jobs, make things go wrong, look at what happened. Bodies are application/json.",
    },
    paths: operations,
  };
}

function operationOf({
  method,
  path,
  summary,
  body,
  described = body,
  query = {},
  status,
}: Described): Record<string, unknown> {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: "query",
    description,
    schema: { type: "string" },
  }));
  const text = (description: string) => ({ description });
  return {
    summary,
    operationId: `${method.toLowerCase()}${path.replace(/[^a-z]+(\w)/gi, (_whole, letter: string) => letter.toUpperCase()).replace(/\W/g, "")}`,
    ...(inPath.length + inQuery.length === 0 ? {} : { parameters: [...inPath, ...inQuery] }),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { "application/json": { schema: jsonSchema(described ?? body) } } },
        }),
    responses: {
      [status]: text(status === 204 ? "Done" : "What was asked for"),
      ...(body === undefined && inPath.length === 0
        ? {}
        : { 400: text("What is wrong with the call, and where, as `message`") }),
      ...(inPath.length === 0 ? {} : { 404: text("There is none") }),
    },
  };
}

function jsonSchema(schema: z.ZodType): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return rest;
}
