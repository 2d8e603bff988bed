/** What a daemon asks of the service, as far as somebody watching the line can tell. */
export type Asked =
  | { readonly kind: "jit"; readonly scaleSetId: number; readonly runnerName: string }
  | { readonly kind: "remove"; readonly runnerId: number }
  | { readonly kind: "look-up"; readonly runnerId?: number; readonly runnerName?: string }
  | { readonly kind: "open" | "refresh" | "close" | "get-set"; readonly scaleSetId: number }
  | { readonly kind: "acquire"; readonly scaleSetId: number; readonly requestIds: readonly string[] }
  | { readonly kind: "poll"; readonly scaleSetId: number; readonly capacity: number }
  | { readonly kind: "acknowledge"; readonly scaleSetId: number; readonly messageId: number }
  | { readonly kind: "other" };

export interface RequestSeen {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

const sessionKinds = { POST: "open", PATCH: "refresh", DELETE: "close" } as const;

/** Reads a request off the line. */
export function readRequest(url: string, { method, headers, body }: RequestSeen): Asked {
  const { pathname, searchParams } = new URL(url);
  const queue = /\/_services\/queue\/(\d+)\/message(?:\/(\d+))?$/.exec(pathname);
  if (queue !== null) {
    const scaleSetId = Number(queue[1]);
    if (method === "DELETE") return { kind: "acknowledge", scaleSetId, messageId: Number(queue[2]) };
    return { kind: "poll", scaleSetId, capacity: Number(headers["x-scalesetmaxcapacity"] ?? Number.NaN) };
  }
  const agent = /\/agents\/(\d+)$/.exec(pathname);
  if (agent !== null) return { kind: method === "DELETE" ? "remove" : "look-up", runnerId: Number(agent[1]) };
  if (pathname.endsWith("/agents")) return { kind: "look-up", runnerName: searchParams.get("agentName") ?? "" };
  const itself = /\/runnerscalesets\/(\d+)$/i.exec(pathname);
  if (itself !== null && method === "GET") return { kind: "get-set", scaleSetId: Number(itself[1]) };
  const set = /\/runnerscalesets\/(\d+)\/(generatejitconfig|sessions|acquirejobs)/i.exec(pathname);
  if (set === null) return { kind: "other" };
  const scaleSetId = Number(set[1]);
  if (set[2]?.toLowerCase() === "generatejitconfig") {
    return { kind: "jit", scaleSetId, runnerName: nameIn(body) };
  }
  if (set[2]?.toLowerCase() === "acquirejobs") {
    // As text: ids may pass 2^53.
    return { kind: "acquire", scaleSetId, requestIds: body?.match(/\d+/g) ?? [] };
  }
  if (method === "POST" || method === "PATCH" || method === "DELETE") {
    return { kind: sessionKinds[method], scaleSetId };
  }
  return { kind: "other" };
}

function nameIn(body: string | undefined): string {
  const parsed: unknown = JSON.parse(body ?? "{}");
  return typeof parsed === "object" && parsed !== null && "name" in parsed ? String(parsed.name) : "";
}
