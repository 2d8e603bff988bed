import type { Lease } from "./facts.js";
import type { Check, Scene } from "./scene.js";

/** A message whose body nobody can read is acknowledged after so many attempts. */
const POISON_ATTEMPTS = 5;

/** I5: a message is acknowledged after it was handed out whole and decided upon, or was tried often enough. */
export function messages(scene: Scene): Check {
  const { facts } = scene;
  /** By scale set and message: what each life was told, and how often it was handed out in vain. */
  const told = new Map<Lease, Map<string, { readonly decisions: number }>>();
  const spoilt = new Map<string, number>();

  return {
    answered(daemon, asked, { status, body }) {
      if (asked.kind !== "poll" || status !== 200) return;
      const messageId = idOf(body);
      if (messageId === undefined) return;
      const key = `${asked.scaleSetId}/${messageId}`;
      const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
      if (!isWhole(body)) {
        spoilt.set(key, (spoilt.get(key) ?? 0) + 1);
        return;
      }
      const of = told.get(lease) ?? new Map<string, { readonly decisions: number }>();
      told.set(lease, of);
      if (!of.has(key)) of.set(key, { decisions: lease.decisions });
    },
    asked(daemon, asked) {
      if (asked.kind !== "acknowledge") return;
      const key = `${asked.scaleSetId}/${asked.messageId}`;
      const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
      const heard = told.get(lease)?.get(key);
      const about = { scaleSetId: asked.scaleSetId };
      scene.checked("I5 handled before it is acknowledged");
      if (heard === undefined) {
        if ((spoilt.get(key) ?? 0) >= POISON_ATTEMPTS) return;
        scene.broke("I5", `${daemon.name} acknowledges message ${key}, which it was never given whole`, about);
      } else if (lease.decisions === heard.decisions) {
        scene.broke("I5", `${daemon.name} acknowledges message ${key} before it decided upon it`, about);
      }
    },
  };
}

function idOf(body: string | undefined): number | undefined {
  const parsed = parse(body);
  return typeof parsed === "object" && parsed !== null && "messageId" in parsed ? Number(parsed.messageId) : undefined;
}

function isWhole(body: string | undefined): boolean {
  const parsed = parse(body);
  if (typeof parsed !== "object" || parsed === null || !("body" in parsed)) return false;
  return parsed.body === "" || parse(String(parsed.body)) !== undefined;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse((text ?? "").replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
}
