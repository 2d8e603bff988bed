import type { JournalEntry } from "@scaleset/simulator";
import type { Daemon, DaemonHooks } from "./daemon.js";
import { endings } from "./watch/endings.js";
import { jobs } from "./watch/jobs.js";
import { launches } from "./watch/launches.js";
import { messages } from "./watch/messages.js";
import { processes } from "./watch/processes.js";
import { requests } from "./watch/requests.js";
import { rights } from "./watch/rights.js";
import type { Check, Scene } from "./watch/scene.js";

/** Tells every check of everything that happens. */
export class Watcher {
  readonly #scene: Scene;
  readonly #checks: readonly Check[];

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#checks = [jobs, endings, rights, launches, messages, requests, processes].map((check) => check(scene));
  }

  entry(entry: JournalEntry): void {
    const { seq: _seq, atMs: _atMs, subject, event, cause, ...details } = entry;
    const dull =
      (subject === "request" && (entry.status ?? 500) < 400) || subject === "message" || event === "capacity";
    this.#scene.facts.entry(entry);
    this.#scene.chronicle.tell("service", `${subject} ${event}: ${cause}`, {
      dull,
      details,
      runner: entry.runnerName,
      job: entry.job,
      scaleSetId: entry.scaleSetId,
    });
    for (const check of this.#checks) check.entry?.(entry);
  }

  look(): void {
    for (const check of this.#checks) check.look?.();
  }

  /** What a daemon is to call. */
  hooksFor(daemonOf: () => Daemon, destroyDelayMs: () => number): DaemonHooks {
    const { facts, chronicle, tally } = this.#scene;
    return {
      asked: (asked) => {
        for (const check of this.#checks) check.asked?.(daemonOf(), asked);
      },
      answered: (asked, answer) => {
        facts.answered(daemonOf(), asked, answer);
        for (const check of this.#checks) check.answered?.(daemonOf(), asked, answer);
      },
      over: (asked) => {
        for (const check of this.#checks) check.over?.(daemonOf(), asked);
      },
      began: (call) => {
        chronicle.tell(daemonOf().name, `begins to ${call.operation} ${call.name}`, { runner: call.name });
        for (const check of this.#checks) check.began?.(daemonOf(), call);
      },
      destroyDelayMs,
      decided: (event) => {
        facts.decided(daemonOf(), event);
        const { commands, reasons } = event.decision;
        for (const { rule } of [...commands, ...reasons]) tally.add("rule", rule);
        for (const { command, rule, reason } of commands) {
          const runner = "name" in command ? command.name : undefined;
          chronicle.tell(daemonOf().name, `${rule}: ${command.type}: ${reason}`, {
            runner,
            details: { set: event.scaleSet },
          });
        }
        for (const check of this.#checks) check.decided?.(daemonOf(), event);
      },
      commanded: (event) => {
        const { command, outcome } = event;
        facts.commanded(daemonOf(), event);
        tally.add("command", outcome.type === "command.dropped" ? `${command.type} dropped` : outcome.type);
        chronicle.tell(daemonOf().name, `${outcome.type}`, { runner: command.name, details: outcome });
      },
      logged: (level, message, data) => {
        const runner = "runner" in data ? String(data.runner) : undefined;
        chronicle.tell(daemonOf().name, `${level}: ${message}`, { dull: level === "debug", details: data, runner });
        facts.logged(daemonOf(), message, "scaleSet" in data ? String(data.scaleSet) : "");
        for (const check of this.#checks) check.logged?.(daemonOf(), level, message, data);
      },
      endedUnasked: (error) => {
        this.#scene.broke("I1", `${daemonOf().name} ended unasked: ${String(error)}`);
      },
    };
  }
}
