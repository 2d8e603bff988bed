import type { Writable } from "node:stream";
import type { Logger } from "@scaleset/client";
import { pino } from "pino";
import pretty from "pino-pretty";
import type { LogConfig, LogLevel } from "./config.js";
import { redact, redactText } from "./redact.js";

export type { Logger } from "@scaleset/client";

/** A logger whose least level can change. */
export interface AdjustableLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/**
 * A logger that writes to a stream at once, one record a line. What looks like a secret is taken out before a record is
 * built, whoever logs it.
 */
export function createLogger(
  config: LogConfig,
  output: { readonly stream: Writable & { readonly isTTY?: boolean } },
): AdjustableLogger {
  const { stream } = output;
  const destination =
    config.format === "json"
      ? stream
      : pretty({
          destination: stream,
          // In this thread and unbuffered: the last line before a crash is the one that matters.
          sync: true,
          colorize: stream.isTTY === true,
          translateTime: "SYS:HH:MM:ss.l",
          ignore: "pid,hostname",
          singleLine: true,
          errorLikeObjectKeys: ["err"],
        });
  const records = pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: levelName },
      // Records are plain data by then; pino's own would make an error of them again.
      serializers: { err: (record: unknown) => record },
    },
    destination,
  );
  const shaped = config.format === "text" ? onOneLine : (record: Record<string, unknown>) => record;
  const write =
    (level: keyof Logger) =>
    (data: object, message: string): void =>
      records[level](shaped(redact(data)), redactText(message));
  const setLevel = (level: LogLevel): void => {
    records.level = level;
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), setLevel };
}

/**
 * `err` is shown in lines of its own, which an error with a stack is worth: it is for whoever mends a bug. Any other
 * stands on its record's line, or an outage would fill the screen.
 */
function onOneLine(record: Record<string, unknown>): Record<string, unknown> {
  const { err, ...rest } = record;
  return typeof err !== "object" || err === null || "stack" in err ? record : { ...rest, error: err };
}

/** Words, since the numbers mean nothing to a reader. */
function levelName(level: string): { readonly level: string } {
  return { level };
}
