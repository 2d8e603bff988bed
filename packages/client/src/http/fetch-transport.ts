import type { Answer, FetchLike, Transport, TransportRequest } from "./transport.js";
import { readText } from "./transport.js";

/** Sends through a passed-in `fetch`. Holds nothing, so there is nothing to close. */
export class FetchTransport implements Transport {
  readonly #fetch: FetchLike;

  constructor(fetch: FetchLike) {
    this.#fetch = fetch;
  }

  async send(request: TransportRequest): Promise<Answer> {
    const { method, url, headers, body, signal } = request;
    const response = await this.#fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
      redirect: "manual",
    });
    const text = response.body === null ? "" : await readText(chunksOf(response.body), request.maxAnswerBytes);
    return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, text };
  }

  async close(): Promise<void> {}
}

/** By reader, as not every runtime's streams can be iterated. Leaving early cancels the rest. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
