import type { z } from "zod";

/** One call from outside. */
export interface ControlRoute {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{name}` for what varies. */
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  /** Where `body` checks by hand: what it takes, for the description. @default `body` */
  readonly described?: z.ZodType;
  /** Query parameters and what they mean. */
  readonly query?: Readonly<Record<string, string>>;
  /** Status of success. */
  readonly status: 200 | 201 | 204;
  readonly handle: (call: ControlCall) => { readonly status: number; readonly body?: unknown };
}

export interface ControlCall {
  readonly body: unknown;
  readonly param: (name: string) => string;
  readonly query: (name: string) => string | undefined;
}

/** A route whose body is checked, if it has one. */
export function route<Body>(
  method: ControlRoute["method"],
  path: string,
  summary: string,
  status: ControlRoute["status"],
  body: z.ZodType<Body> | undefined,
  handle: (call: Omit<ControlCall, "body"> & { readonly body: Body }) => {
    readonly status: number;
    readonly body?: unknown;
  },
): ControlRoute {
  if (body === undefined)
    return { method, path, summary, status, handle: (call) => handle({ ...call, body: undefined as Body }) };
  return { method, path, summary, status, body, handle: (call) => handle({ ...call, body: body.parse(call.body) }) };
}

/** The answer of a call that is about one thing. */
export function found(was: boolean, what: string): { readonly status: number; readonly body?: unknown } {
  return was ? { status: 204 } : { status: 404, body: { message: `there is no ${what}` } };
}

/** The number in the path. */
export function id({ param }: Pick<ControlCall, "param">): number {
  return numberOf(param("id"), "id");
}

export function numberOf(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TypeError(`${name}: ${JSON.stringify(text)} is no number from 0`);
}
