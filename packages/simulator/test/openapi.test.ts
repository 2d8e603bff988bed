import { createSimulator } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { controlRoutes } from "../src/http/control.js";
import { send } from "./raw-client.js";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

async function description() {
  const simulator = createSimulator();
  const { body } = await send(simulator.fetch, `${new URL(simulator.configUrl()).origin}/_simulator/openapi.json`);
  const operations = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  return { simulator, body, operations };
}

test("the OpenAPI document describes every control route that there is, and nothing else", async () => {
  const { simulator, operations } = await description();
  const served = controlRoutes(simulator).routes.filter(({ method }) => method !== "ALL");
  const there = served.map(({ method, path }) => `${method} /_simulator${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([...new Set(there)].sort());
});

test("it is a whole OpenAPI 3.1 document: names once, parameters declared, answers described, bodies with a schema", async () => {
  const { body, operations } = await description();
  expect(body).toMatchObject({ openapi: "3.1.0", info: { title: expect.any(String), version: expect.any(String) } });
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { method, path, operation } of operations) {
    expect(operation.operationId).toMatch(/^[a-z]\w+$/i);
    expect(operation.summary).not.toBe("");
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
    expect(declared.map(({ name, required }) => [name, required])).toEqual(inPath.map((name) => [name, true]));
    expect(Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status))).toBe(true);
    for (const response of Object.values(operation.responses)) expect(response.description).not.toBe("");
    if (operation.requestBody === undefined) continue;
    expect(["POST", "PUT", "PATCH"]).toContain(method);
    const { schema } = operation.requestBody.content["application/json"] ?? { schema: {} };
    expect(Object.keys(schema).length, `${method} ${path} says nothing of its body`).toBeGreaterThan(0);
    expect(JSON.stringify(schema)).not.toContain('$ref":"http');
  }
});

test("what it says of a job's and a fault's body names their keys", async () => {
  const { body } = await description();
  const of = (path: string) => JSON.stringify(body.paths[path].post.requestBody);
  for (const key of ["runsOn", "scaleSet", "script", "durationMs", "count"])
    expect(of("/_simulator/jobs")).toContain(key);
  for (const key of ["lost-answer", "probability", "scaleSet", "afterMs"])
    expect(of("/_simulator/faults")).toContain(key);
});
