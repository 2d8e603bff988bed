import { abortable } from "../async/abortable.js";
import { Lifetime } from "../async/lifetime.js";
import type { Answer, FetchLike, Transport, TransportRequest } from "./transport.js";
import { readText } from "./transport.js";

/** Sends through a passed-in `fetch`, which may be slow to mind its signal: nobody waits for it then. */
export class FetchTransport implements Transport {
  readonly #fetch: FetchLike;
  readonly #lifetime = new Lifetime();

  constructor(fetch: FetchLike) {
    this.#fetch = fetch;
  }

  async send(request: TransportRequest): Promise<Answer> {
    using own = this.#lifetime.link(request.signal);
    own.signal.throwIfAborted();
    return await abortable(this.#send(request, own.signal), own.signal);
  }

  async close(): Promise<void> {
    this.#lifetime.end(new Error("closed"));
  }

  async #send(request: TransportRequest, signal: AbortSignal): Promise<Answer> {
    const { method, url, headers, body } = request;
    const response = await this.#fetch(url.href, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
      redirect: "manual",
    });
    const text = response.body === null ? "" : await readText(chunksOf(response.body), request.maxAnswerBytes);
    return { status: response.status, header: (name) => response.headers.get(name) ?? undefined, text };
  }
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
