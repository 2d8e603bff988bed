import type { Lease } from "./lease.js";
import { OfferRoom } from "./offer-room.js";
import type { Check, Scene } from "./scene.js";
import { messageIn } from "./wire.js";

/** A message whose body nobody can read is acknowledged after so many attempts. */
const POISON_ATTEMPTS = 5;
/** After an acknowledgement the next poll is sent at once; what one announces later may be another story. @unit milliseconds */
const NEXT_POLL_MS = 5_000;

/** What one life of a daemon was handed. */
interface Handed {
  /** Decisions by then. */
  readonly decisions: number;
  /** What it said: its id may be used again after an incident. */
  readonly content: string;
  /** When the session that it came by was opened. */
  readonly openedMs: number;
  /** Jobs that it offers. */
  readonly offered: readonly string[];
  /** How many places were taken when it came: a reading that comes while it is handled may count less. */
  readonly taken: number;
}

/** An acknowledgement with fewer offered jobs answered than there was room for, unless less was announced meanwhile. */
interface Doubt {
  readonly key: string;
  readonly atMs: number;
  readonly answered: number;
  readonly offered: number;
  /** Room beside which capacity; negative where more is taken. */
  readonly taken: number;
  /** Jobs asked for by this life so far: kept ones may be acquired with the next poll, in place of these. */
  readonly askedFor: number;
  readonly scaleSetId: number;
  /** The least that polls announced since. */
  announced: number | undefined;
}

/** From an acknowledgement to the end of a request for kept jobs. @unit milliseconds */
const KEPT_MS = 5_000;

/** I5: a message is acknowledged after it was handed out whole, decided upon, and its offered jobs were answered. */
export function messages(scene: Scene): Check {
  const { facts } = scene;
  /** By life, and then by scale set and message. */
  const handed = new Map<Lease, Map<string, Handed>>();
  const spoilt = new Map<string, number>();
  const rooms = new Map<Lease, OfferRoom>();
  const doubts = new Map<Lease, Doubt>();
  /** Jobs that are taken with those acquired just now, where that is more than was announced. */
  const excesses = new Map<Lease, { readonly atMs: number; readonly taken: number }>();
  const roomOf = (lease: Lease): OfferRoom => {
    const known = rooms.get(lease);
    if (known !== undefined) return known;
    const fresh = new OfferRoom(() => scene.clock.monotonic());
    rooms.set(lease, fresh);
    return fresh;
  };
  /** Offered jobs that a life asked for and was answered about. */
  const acquired = new Map<Lease, Set<string>>();
  /** How many offered jobs a life asked for. */
  const askedFor = new Map<Lease, number>();

  return {
    look() {
      for (const [lease, doubt] of doubts) judgeKept(lease, doubt);
    },
    answered(daemon, asked, answer) {
      const { status, body } = answer;
      if ("scaleSetId" in asked) roomOf(facts.lease(daemon, facts.setName(asked.scaleSetId))).answered(asked, answer);
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
      const content = JSON.stringify(message.jobs.length > 0 ? message.jobs : message.statistics);
      if (of.get(key)?.content === content) return;
      const offered = message.jobs.filter(({ kind }) => kind === "JobAvailable").map(({ requestId }) => requestId);
      const room = roomOf(lease);
      room.heard(message);
      const taken = room.taken(offered, "most");
      of.set(key, { decisions: lease.decisions, content, openedMs: lease.openedAtMs, offered, taken });
    },
    over(daemon, asked) {
      if ("scaleSetId" in asked) roomOf(facts.lease(daemon, facts.setName(asked.scaleSetId))).over(asked);
    },
    asked(daemon, asked) {
      if ("scaleSetId" in asked) {
        const lease = facts.lease(daemon, facts.setName(asked.scaleSetId));
        if (asked.kind === "acquire") acquires(lease, asked);
        roomOf(lease).asked(asked);
        if (asked.kind === "open" || asked.kind === "close") {
          doubts.delete(lease);
          excesses.delete(lease);
        }
        if (asked.kind === "poll") judge(lease, asked);
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
      // In another session, it may have been settled in the earlier one.
      if (heard.offered.length === 0 || heard.openedMs !== lease.openedAtMs) return;
      scene.checked("I5 offered jobs are acquired before the acknowledgement");
      const answered = heard.offered.filter((id) => acquired.get(lease)?.has(id)).length;
      // What exceeds the announced is kept, and acquired as room comes.
      const room = roomOf(lease);
      const taken = Math.max(heard.taken, room.taken(heard.offered, "most"));
      if (answered >= Math.min(heard.offered.length, Math.max(0, room.capacity - taken))) return;
      doubts.set(lease, {
        key,
        atMs: scene.clock.monotonic(),
        answered,
        offered: heard.offered.length,
        taken,
        askedFor: askedFor.get(lease) ?? 0,
        scaleSetId: asked.scaleSetId,
        announced: undefined,
      });
    },
  };

  function acquires(lease: Lease, { requestIds }: { requestIds: readonly string[] }): void {
    const room = roomOf(lease);
    askedFor.set(lease, (askedFor.get(lease) ?? 0) + requestIds.length);
    scene.checked("I5 no more is acquired than was announced");
    const taken = room.taken(requestIds, "fewest") + room.newOf(requestIds).length;
    if (taken > room.capacity) excesses.set(lease, { atMs: scene.clock.monotonic(), taken });
  }

  /** What could be done may have changed while the message was handled: the next poll says so. */
  function judge(lease: Lease, { scaleSetId, capacity }: { scaleSetId: number; capacity: number }): void {
    const nowMs = scene.clock.monotonic();
    const excess = excesses.get(lease);
    excesses.delete(lease);
    if (excess !== undefined && nowMs - excess.atMs <= NEXT_POLL_MS && excess.taken > capacity) {
      const words = `${lease.daemon.name} acquires jobs up to ${excess.taken}, and announces ${capacity}`;
      scene.broke("I5", words, { scaleSetId });
    }
    const doubt = doubts.get(lease);
    if (doubt === undefined) return;
    if (doubt.announced === undefined && nowMs - doubt.atMs > NEXT_POLL_MS) doubts.delete(lease);
    else doubt.announced = Math.min(doubt.announced ?? capacity, capacity);
  }

  function judgeKept(lease: Lease, doubt: Doubt): void {
    if (doubt.announced === undefined || scene.clock.monotonic() - doubt.atMs < KEPT_MS) return;
    doubts.delete(lease);
    if (!lease.daemon.up || lease.daemon.pausedAs !== undefined) return;
    const room = Math.max(0, doubt.announced - doubt.taken);
    const answered = doubt.answered + (askedFor.get(lease) ?? 0) - doubt.askedFor;
    if (answered >= Math.min(doubt.offered, room)) return;
    const counts = `${answered} of ${doubt.offered} offered jobs answered, and room for ${room}`;
    const words = `${lease.daemon.name} acknowledged message ${doubt.key} with ${counts}`;
    scene.broke("I5", words, { scaleSetId: doubt.scaleSetId });
  }
}

/** An answer, or a failure that no retry changes. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 401 && status !== 429;
}
