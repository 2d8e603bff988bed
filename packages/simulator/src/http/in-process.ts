import { breakingResponse, ConnectionReset } from "../faults/inject.js";
import type { Bindings } from "./exchange.js";

/** Calls a simulator like the global `fetch`, without a network. */
export type SimulatorFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Makes a `fetch` of an application. It rejects with the signal's reason when that aborts, and a broken connection
 * looks as it does at the global one. Calls without a signal of their own end with `closing`.
 */
export function inProcessFetch(
  answer: (request: Request, bindings: Bindings) => Response | Promise<Response>,
  closing: AbortSignal,
): SimulatorFetch {
  return async (input, init = {}) => {
    const given = init.signal ?? (input instanceof Request ? input.signal : undefined);
    given?.throwIfAborted();
    // The signal goes beside the request: one inside would leave a listener behind until it is collected.
    const request = new Request(input, { ...init, signal: null });
    const answered = answerOrBreak(answer, request, given ?? closing);
    return given === undefined ? answered : unlessAborted(answered, given);
  };
}

function unlessAborted(answered: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    answered.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A broken connection is a `TypeError`, or a body that fails after its first bytes. */
async function answerOrBreak(
  answer: (request: Request, bindings: Bindings) => Response | Promise<Response>,
  request: Request,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await answer(request, { signal });
  } catch (error) {
    if (!(error instanceof ConnectionReset)) throw error;
    if (error.partial === undefined) throw new TypeError("fetch failed", { cause: error });
    return breakingResponse(error.partial, error);
  }
}
