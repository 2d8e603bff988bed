import type { Context } from "../service/context.js";
import type { ScaleSetRow } from "../service/state.js";
import type { Tokens } from "../service/tokens.js";

const inPath = /\/(?:runnerscalesets|queue)\/(\d{1,15})(?:\/|$)/;
const agentInPath = /\/agents\/(\d{1,15})$/;

/** The scale set that a request is about, as far as its path, its query or its token names one. It may be gone. */
export function scaleSetConcerned(
  { state }: Context,
  tokens: Tokens,
  { url, headers }: { readonly url: URL; readonly headers: Headers },
): ScaleSetRow | undefined {
  const id = inPath.exec(url.pathname)?.[1];
  if (id !== undefined) return state.scaleSets.get(Number(id));
  const agent = agentInPath.exec(url.pathname)?.[1];
  if (agent !== undefined) return state.runners.get(Number(agent))?.scaleSet;
  const agentName = url.searchParams.get("agentName")?.toLowerCase();
  if (agentName !== undefined)
    return [...state.runners.values()].find((runner) => runner.name.toLowerCase() === agentName)?.scaleSet;
  const token = tokens.find((headers.get("authorization") ?? "").replace(/^\S+\s+/, "").trim());
  if (token?.kind === "runner") return state.runnersByClientId.get(token.subject ?? "")?.scaleSet;
  if (token?.kind === "job") return state.jobsByJobId.get(token.subject ?? "")?.scaleSet;
  return undefined;
}
