import { ScaleSetError } from "../errors.js";
import { FetchTransport } from "./fetch-transport.js";
import type { FetchLike, NetworkOptions, Transport } from "./transport.js";
import { UndiciTransport } from "./undici-transport.js";

interface TransportChoice {
  readonly fetch: FetchLike | undefined;
  readonly network: NetworkOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** undici on Node; a passed-in `fetch` where there is one; the global one on runtimes whose undici is a stand-in. */
export function selectTransport(options: TransportChoice): Transport {
  if (options.fetch !== undefined) return new FetchTransport(options.fetch);
  if (isNode()) return new UndiciTransport(options.network, options.env);
  if (Object.values(options.network).some((value) => value !== undefined)) {
    throw new ScaleSetError("CONFIG", "network options need Node; on this runtime pass a fetch that has them set", {
      operation: "configure",
    });
  }
  return new FetchTransport((url, init) => fetch(url, init));
}

function isNode(): boolean {
  if (typeof process === "undefined" || "Deno" in globalThis) return false;
  return process.versions["node"] !== undefined && process.versions["bun"] === undefined;
}
