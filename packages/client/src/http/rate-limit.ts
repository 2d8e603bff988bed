type Headers = (name: string) => string | undefined;

/**
 * How long an answer asks to be left alone, or undefined: `Retry-After` as seconds or as a date, or the reset of a rate
 * limit that is used up. Times of the server are compared with its own `Date`, so that a skewed clock here does no harm.
 */
export function retryAfterMs(header: Headers, nowMs: number): number | undefined {
  const serverNow = serverTimeMs(header) ?? nowMs;
  const retryAfter = header("retry-after")?.trim();
  if (retryAfter !== undefined && retryAfter !== "") {
    if (/^\d+(\.\d+)?$/.test(retryAfter)) return Number(retryAfter) * 1_000;
    const date = Date.parse(retryAfter);
    if (!Number.isNaN(date)) return Math.max(0, date - serverNow);
  }
  if (header("x-ratelimit-remaining")?.trim() !== "0") return undefined;
  const reset = Number(header("x-ratelimit-reset") ?? Number.NaN);
  // A reset that is long past, or nonsense, says nothing.
  return Number.isFinite(reset) && reset > 0 ? Math.max(0, reset * 1_000 - serverNow) : undefined;
}

/** The server's clock as its `Date` header tells it. @unit milliseconds since the epoch */
export function serverTimeMs(header: Headers): number | undefined {
  const date = Date.parse(header("date") ?? "");
  return Number.isNaN(date) ? undefined : date;
}
