/** What a daemon asks of the service, as far as somebody watching the line can tell. */
export type Asked =
  | { readonly kind: "jit"; readonly scaleSetId: number; readonly runnerName: string }
  | { readonly kind: "remove"; readonly runnerId: number }
  | { readonly kind: "look-up"; readonly runnerId?: number; readonly runnerName?: string }
  | { readonly kind: "open" | "refresh" | "close" | "acquire"; readonly scaleSetId: number }
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
  const set = /\/runnerscalesets\/(\d+)\/(generatejitconfig|sessions|acquirejobs)/i.exec(pathname);
  if (set === null) return { kind: "other" };
  const scaleSetId = Number(set[1]);
  if (set[2]?.toLowerCase() === "generatejitconfig") {
    return { kind: "jit", scaleSetId, runnerName: nameIn(body) };
  }
  if (set[2]?.toLowerCase() === "acquirejobs") return { kind: "acquire", scaleSetId };
  if (method === "POST" || method === "PATCH" || method === "DELETE") {
    return { kind: sessionKinds[method], scaleSetId };
  }
  return { kind: "other" };
}

function nameIn(body: string | undefined): string {
  const parsed: unknown = JSON.parse(body ?? "{}");
  return typeof parsed === "object" && parsed !== null && "name" in parsed ? String(parsed.name) : "";
}
