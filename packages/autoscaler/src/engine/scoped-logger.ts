import type { Logger } from "@scaleset/client";

/** A logger whose records all say what they are about. */
export function scopedLogger(logger: Logger, scope: Readonly<Record<string, string>>): Logger {
  return {
    debug: (data, message) => logger.debug({ ...scope, ...data }, message),
    info: (data, message) => logger.info({ ...scope, ...data }, message),
    warn: (data, message) => logger.warn({ ...scope, ...data }, message),
    error: (data, message) => logger.error({ ...scope, ...data }, message),
  };
}
