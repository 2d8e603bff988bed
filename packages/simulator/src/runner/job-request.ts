import { isRecord } from "./runner-config.js";

/** A job as a runner gets it. */
export interface JobRequest {
  readonly jobId: string;
  readonly planId: string;
  readonly displayName: string;
  /** Where to renew and complete it; ends in a slash. */
  readonly url: string;
  readonly token: string;
  readonly steps: readonly {
    readonly id: string;
    readonly name: string;
    readonly script: string;
    readonly env: Readonly<Record<string, string>>;
  }[];
  readonly variables: Readonly<Record<string, string>>;
  readonly github: Readonly<Record<string, string>>;
}

export type Conclusion = "succeeded" | "failed" | "canceled";

/** Reads a job message. @throws Error when something is missing that a runner needs */
export function readJobRequest(message: Readonly<Record<string, unknown>>): JobRequest {
  const endpoint = list(record(message, "resources"), "endpoints").find(
    (candidate) => candidate["name"] === "SystemVssConnection",
  );
  if (endpoint === undefined) throw new Error("the job message has no SystemVssConnection");
  return {
    jobId: text(message, "jobId"),
    planId: text(record(message, "plan"), "planId"),
    displayName: text(message, "jobDisplayName"),
    url: text(endpoint, "url"),
    token: text(record(record(endpoint, "authorization"), "parameters"), "AccessToken"),
    steps: list(message, "steps").map((step, index) => ({
      id: text(step, "id"),
      name: typeof step["displayNameToken"] === "string" ? step["displayNameToken"] : `Step ${index + 1}`,
      script: scriptOf(step),
      env: environmentOf(step),
    })),
    variables: Object.fromEntries(
      Object.entries(record(message, "variables")).map(([name, variable]) => [
        name,
        isRecord(variable) ? text(variable, "value") : "",
      ]),
    ),
    github: contextOf(record(record(message, "contextData"), "github")),
  };
}

function scriptOf(step: Readonly<Record<string, unknown>>): string {
  const script = list(record(step, "inputs"), "map").find((entry) => entry["key"] === "script");
  return script === undefined ? "" : text(script, "value");
}

function environmentOf({ environment }: Readonly<Record<string, unknown>>): Record<string, string> {
  if (!isRecord(environment)) return {};
  const pairs = list(environment, "map").map(({ key, value }) => [String(key), String(value)] as const);
  return Object.fromEntries(pairs);
}

function contextOf(context: Readonly<Record<string, unknown>>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { k, v } of list(context, "d")) {
    if (typeof k === "string" && typeof v === "string") values[k] = v;
  }
  return values;
}

function record(from: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const value = from[name];
  if (isRecord(value)) return value;
  throw new Error(`the job message has no ${name}`);
}

function list(from: Readonly<Record<string, unknown>>, name: string): Record<string, unknown>[] {
  const value = from[name];
  if (Array.isArray(value)) return value.filter(isRecord);
  throw new Error(`the job message has no ${name}`);
}

function text(from: Readonly<Record<string, unknown>>, name: string): string {
  const value = from[name];
  if (typeof value === "string") return value;
  throw new Error(`the job message has no ${name}`);
}
