import { z } from "zod";

/** Names as the official runner writes them, or with a capital, as another one does. */
export function anyCase<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.preprocess(uncapitalised, schema);
}

function uncapitalised(body: unknown): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name.slice(0, 1).toLowerCase() + name.slice(1), value]),
  );
}
