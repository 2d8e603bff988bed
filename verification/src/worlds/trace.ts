import { createHash } from "node:crypto";
import type { JournalEntry } from "@scaleset/simulator";
import type { DaemonHooks } from "./daemon.js";

type Value = string | number | boolean | undefined;
type CommandEvent = Parameters<DaemonHooks["commanded"]>[0];

/** Everything in a command but words: what it is, and whom it is about. */
interface CommandFacts {
  readonly type: string;
  readonly name?: Value;
  readonly count?: Value;
  readonly runnerId?: Value;
}

/**
 * What a world did, by facts alone: time, actor, event type, ids, command and rule. No reason, log line or message of an
 * error is part of it, so a better wording leaves the hash as it was, and another decision does not.
 */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  service(entry: JournalEntry): void {
    const { subject, event, scaleSetId, sessionId, messageId, runnerId, runnerName } = entry;
    const { job, jobId, call, status, refusal, capacity, end } = entry;
    const ids = [scaleSetId, sessionId, messageId, runnerId, runnerName, job, jobId];
    this.#add("service", `${subject}.${event}`, ...ids, call, status, refusal, capacity, end);
  }

  asked(daemon: string, { kind, ...ids }: { readonly kind: string }): void {
    this.#add(daemon, `asked.${kind}`, ...factsOf(ids));
  }

  answered(daemon: string, kind: string, status: number): void {
    this.#add(daemon, `answered.${kind}`, status);
  }

  began(daemon: string, operation: string, instance: string): void {
    this.#add(daemon, `began.${operation}`, instance);
  }

  ended(daemon: string, operation: string, instance: string, failed: boolean): void {
    this.#add(daemon, `ended.${operation}`, instance, failed);
  }

  command(daemon: string, scaleSet: string, rule: string, { type, name, count, runnerId }: CommandFacts): void {
    this.#add(daemon, `command.${type}`, scaleSet, rule, name, count, runnerId);
  }

  /** A rule that gave a reason, beside those that gave a command. */
  rule(daemon: string, scaleSet: string, rule: string): void {
    this.#add(daemon, "rule", scaleSet, rule);
  }

  outcome(daemon: string, { scaleSet, command, outcome }: CommandEvent): void {
    this.#add(daemon, "outcome", scaleSet, command.type, command.name, ...factsOf(outcome));
  }

  /** What the world does to its parts: a daemon's start, the begin and the end of a failure. */
  nemesis(event: string, ...ids: readonly Value[]): void {
    this.#add("nemesis", event, ...ids);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  #add(actor: string, event: string, ...facts: readonly Value[]): void {
    this.#hash.update(`${JSON.stringify([this.#now(), actor, event, ...facts.map((fact) => fact ?? null)])}\n`);
  }
}

/** Names and values but words, in the order of the names: in which order somebody wrote them says nothing. */
function factsOf(object: object): string[] {
  return Object.entries(object)
    .filter(([name, value]) => name !== "message" && value !== undefined)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join() : String(value)}`)
    .sort();
}
