import type { Lease } from "./lease.js";
import type { Check, Scene } from "./scene.js";
import { messageIn } from "./wire.js";

/** A message whose body nobody can read is acknowledged after so many attempts. */
const POISON_ATTEMPTS = 5;

/** What one life of a daemon was handed. */
interface Handed {
  /** Decisions by then. */
  readonly decisions: number;
  /** Jobs that it offers. */
  readonly offered: readonly string[];
  /** Jobs assigned by its own statistics, and what its poll announced. */
  readonly assigned: number;
}

/** I5: a message is acknowledged after it was handed out whole, decided upon, and its offered jobs were answered. */
export function messages(scene: Scene): Check {
  const { facts } = scene;
  /** By life, and then by scale set and message. */
  const handed = new Map<Lease, Map<string, Handed>>();
  const spoilt = new Map<string, number>();
  const capacities = new Map<Lease, number>();
  /** Offered jobs that a life asked for and was answered about. */
  const acquired = new Map<Lease, Set<string>>();

  return {
    answered(daemon, asked, { status, body }) {
      if (asked.kind === "acquire" && isFinal(status)) {
        const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
        const of = acquired.get(lease) ?? new Set<string>();
        acquired.set(lease, of);
        for (const id of asked.requestIds) of.add(id);
      }
      if (asked.kind !== "poll" || status !== 200) return;
      const message = messageIn(body);
      if (message === undefined) return;
      const key = `${asked.scaleSetId}/${message.messageId}`;
      const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
      if (message.jobs === undefined) {
        spoilt.set(key, (spoilt.get(key) ?? 0) + 1);
        return;
      }
      const of = handed.get(lease) ?? new Map<string, Handed>();
      handed.set(lease, of);
      if (of.has(key)) return;
      const offered = message.jobs.filter(({ kind }) => kind === "JobAvailable").map(({ requestId }) => requestId);
      of.set(key, { decisions: lease.decisions, offered, assigned: message.statistics?.assigned ?? 0 });
    },
    asked(daemon, asked) {
      if (asked.kind === "poll") {
        capacities.set(facts.lease(daemon, facts.setName(asked.scaleSetId)), asked.capacity);
      }
      if (asked.kind !== "acknowledge") return;
      const key = `${asked.scaleSetId}/${asked.messageId}`;
      const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
      const heard = handed.get(lease)?.get(key);
      const about = { scaleSetId: asked.scaleSetId };
      scene.checked("I5 handled before it is acknowledged");
      if (heard === undefined) {
        if ((spoilt.get(key) ?? 0) >= POISON_ATTEMPTS) return;
        scene.broke("I5", `${daemon.name} acknowledges message ${key}, which it was never given whole`, about);
        return;
      }
      if (lease.decisions === heard.decisions) {
        scene.broke("I5", `${daemon.name} acknowledges message ${key} before it decided upon it`, about);
        return;
      }
      if (heard.offered.length === 0) return;
      scene.checked("I5 offered jobs are acquired before the acknowledgement");
      const answered = heard.offered.filter((id) => acquired.get(lease)?.has(id)).length;
      // What exceeds the announced is kept, and acquired as room comes.
      const room = Math.max(0, (capacities.get(lease) ?? 0) - heard.assigned);
      if (answered >= Math.min(heard.offered.length, room)) return;
      const counts = `${answered} of ${heard.offered.length} offered jobs answered`;
      scene.broke("I5", `${daemon.name} acknowledges message ${key} with ${counts}, and room for ${room}`, about);
    },
  };
}

/** An answer, or a failure that no retry changes. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 401 && status !== 429;
}
