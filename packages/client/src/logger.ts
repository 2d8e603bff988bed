/**
 * Where log records go; a pino logger fits as it is. Records never hold a secret.
 *
 * @example
 * ```ts
 * const log = (level: string) => (data: object, message: string) => console.error(level, message, data);
 * const logger: Logger = { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") };
 * ```
 */
export interface Logger {
  /** Every request and every wait. */
  debug(data: object, message: string): void;
  /** What an operator may want to know: sessions opened, waited for. */
  info(data: object, message: string): void;
  /** What went wrong and was mended, or will be tried again. */
  warn(data: object, message: string): void;
  /** What is lost: a message that was given up. */
  error(data: object, message: string): void;
}

const nothing = (): void => {};

/** The default: says nothing. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
