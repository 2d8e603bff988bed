import { z } from "zod";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** A duration: milliseconds as a number, or words like `90s`, `1h30m`, `250ms`. @unit milliseconds */
export const durationSchema = z
  .union([z.number().min(0), z.string()], "must be a duration such as 90s, 5m or 1h30m")
  .transform((value, context) => {
    const found = typeof value === "number" ? value : parseDuration(value);
    if (found !== undefined) return found;
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(value)} is no duration; write one like 90s, 5m or 1h30m`,
    });
    return z.NEVER;
  });

/** Reads `1h30m`; nothing if it is none. */
function parseDuration(text: string): number | undefined {
  const parts = [...text.trim().matchAll(part)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== text.trim()) return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
}
