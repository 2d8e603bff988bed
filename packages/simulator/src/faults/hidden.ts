import { Refusal, type RefusalKind } from "../service/refusal.js";
import type { CallName } from "../wire/calls.js";
import { actionsError } from "../wire/exceptions.js";

/** Calls that can be answered as if what they ask for did not exist. */
export const hidableCalls = [
  "get-runner",
  "list-runners",
  "remove-runner",
  "get-scale-set",
  "list-scale-sets",
  "acquire-jobs",
  "list-acquirable-jobs",
] as const satisfies readonly CallName[];

type HidableCall = (typeof hidableCalls)[number];

const empty = (): Response => Response.json({ count: 0, value: [] });
const missing = (kind: RefusalKind, message: string) => (): Response => actionsError(new Refusal(kind, message));
const noRunner = missing("AgentNotFoundException", "The runner was not found.");

const answers: Readonly<Record<HidableCall, () => Response>> = {
  "get-runner": noRunner,
  "list-runners": empty,
  "remove-runner": noRunner,
  "get-scale-set": missing("RunnerScaleSetNotFoundException", "No runner scale set found."),
  "list-scale-sets": empty,
  "acquire-jobs": empty,
  "list-acquirable-jobs": () => new Response(null, { status: 204 }),
};

/** The false answer of this call; undefined for a call that has none. */
export function hiddenAnswer(call: CallName): Response | undefined {
  const hidable = hidableCalls.find((name) => name === call);
  return hidable === undefined ? undefined : answers[hidable]();
}
