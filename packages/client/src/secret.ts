const REDACTED = "[redacted]";

/**
 * A value that must not be seen: a token, a private key, a JIT config. It prints as `[redacted]` in JSON, templates,
 * `console.log` and `util.inspect`; only {@link Secret.reveal} shows it.
 *
 * @example
 * ```ts
 * const { encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name: `runner-${crypto.randomUUID()}` });
 * console.log(encodedJitConfig); // [redacted]
 * const env = { ACTIONS_RUNNER_INPUT_JITCONFIG: encodedJitConfig.reveal() };
 * ```
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Wraps a string; a `Secret` is answered as it is. */
  static of(value: string | Secret): Secret {
    return value instanceof Secret ? value : new Secret(value);
  }

  /** The value itself. Call it as late as possible, and never for a log line. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same value. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  /** `[redacted]` */
  toString(): string {
    return REDACTED;
  }

  /** `[redacted]` */
  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
