/** Calls are few and short; polls are many and held: they must not wait for each other. */
export type Lane = "call" | "poll";

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: URL;
  /** Made for this attempt: the transport may keep it. */
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
  readonly lane: Lane;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** By name, in any case. */
  header(name: string): string | undefined;
  /** Decoded as UTF-8, without a byte order mark. */
  readonly text: string;
}

/** One attempt: sends, and reads the whole answer. Rejects at once when the signal aborts, or when it is closed. */
export interface Transport {
  send(request: TransportRequest): Promise<Answer>;
  close(): Promise<void>;
}

/** What is needed of `fetch`. The global one fits; so does `(url, init) => app.fetch(new Request(url, init))`. */
export type FetchLike = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal: AbortSignal;
    readonly redirect: "manual";
  },
) => Promise<Response>;

/** How the built-in transport reaches the service. */
export interface NetworkOptions {
  /**
   * URL of an http(s) proxy for everything, `http://user:password@host:3128`; `false` = none, whatever the environment says.
   * @default `HTTPS_PROXY` and `HTTP_PROXY` of the environment
   */
  readonly proxy?: string | false | undefined;
  /**
   * Hosts to reach without the proxy, as in `NO_PROXY`: names, `.suffixes` and ports, comma-separated; `*` = all.
   * @default `NO_PROXY` of the environment, or nothing where `proxy` is given
   */
  readonly noProxy?: string | undefined;
  /** Certificates of authorities to trust instead of the well-known ones, as PEM. @default those of Node */
  readonly ca?: string | readonly string[] | undefined;
  /** A client certificate, as PEM. @default none */
  readonly cert?: string | undefined;
  /** The client certificate's private key, as PEM; a {@link Secret} fits. @default none */
  readonly key?: string | { reveal(): string } | undefined;
  /** Whether the server's certificate must be right. `false` lets anybody in between read the tokens: prefer `ca`. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Connections for calls, per host; polls have no limit. @default 50 */
  readonly maxConnections?: number | undefined;
  /** Time to get connected. @unit milliseconds @default 10_000 */
  readonly connectDeadlineMs?: number | undefined;
}

/** A body longer than allowed: what was read of it is thrown away. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";

  constructor(maxAnswerBytes: number) {
    super(`the answer is longer than ${maxAnswerBytes} bytes`);
  }
}

/** Reads a body piece by piece, so that one without end cannot fill the memory. */
export async function readText(chunks: AsyncIterable<Uint8Array>, maxAnswerBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxAnswerBytes) throw new AnswerTooLargeError(maxAnswerBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
