import type { JournalEntry } from "@scaleset/simulator";
import type { DaemonHooks } from "./daemon.js";
import type { Trace } from "./trace.js";
import { capacity } from "./watch/capacity.js";
import { endings } from "./watch/endings.js";
import { fairness } from "./watch/fairness.js";
import { hindrances } from "./watch/hindrances.js";
import { jobs } from "./watch/jobs.js";
import { launches } from "./watch/launches.js";
import { limits } from "./watch/limits.js";
import { maximum } from "./watch/maximum.js";
import { Memory } from "./watch/memory.js";
import { messages } from "./watch/messages.js";
import { Places } from "./watch/places.js";
import { processes } from "./watch/processes.js";
import { requests } from "./watch/requests.js";
import { rights } from "./watch/rights.js";
import type { Check, Scene, WatchedDaemon } from "./watch/scene.js";
import { useless } from "./watch/useless.js";

/** Passes everything that happens to every check. */
export class Watcher {
  readonly #scene: Scene;
  /** Those that want to know of it, by what it is. */
  readonly #by: ReturnType<typeof byEvent>;
  readonly #memory: Memory;
  readonly #trace: Trace;

  constructor(scene: Scene, trace: Trace) {
    this.#trace = trace;
    this.#scene = scene;
    this.#memory = new Memory(scene);
    const places = new Places(scene);
    const judges = [
      endings,
      rights,
      launches,
      maximum,
      useless,
      messages,
      capacity,
      fairness,
      requests,
      processes,
      limits,
    ];
    // What hinders is recorded before it is judged by.
    const checks = [
      hindrances(scene),
      places,
      jobs(scene, places),
      ...judges.map((judge) => judge(scene)),
      this.#memory,
    ];
    this.#by = byEvent(checks);
  }

  entry(entry: JournalEntry): void {
    const { seq: _seq, atMs: _atMs, subject, event, cause, ...details } = entry;
    const dull =
      (subject === "request" && (entry.status ?? 500) < 400) || subject === "message" || event === "capacity";
    this.#trace.service(entry);
    this.#scene.facts.entry(entry);
    this.#scene.chronicle.tell("service", `${subject} ${event}: ${cause}`, {
      dull,
      details,
      runner: entry.runnerName,
      job: entry.job,
      scaleSetId: entry.scaleSetId,
    });
    for (const check of this.#by.entry) check.entry(entry);
  }

  look(): void {
    for (const check of this.#by.look) check.look();
  }

  /** Everything has come to rest. */
  atRest(): void {
    this.#memory.atRest();
  }

  /** What a daemon calls. */
  hooksFor(daemonOf: () => WatchedDaemon, destroyDelayMs: () => number): DaemonHooks {
    const { facts, chronicle, tally } = this.#scene;
    const trace = this.#trace;
    return {
      asked: (asked) => {
        trace.asked(daemonOf().name, asked);
        facts.asked(daemonOf(), asked);
        for (const check of this.#by.asked) check.asked(daemonOf(), asked);
      },
      answered: (asked, answer) => {
        trace.answered(daemonOf().name, asked.kind, answer.status);
        facts.answered(daemonOf(), asked, answer);
        for (const check of this.#by.answered) check.answered(daemonOf(), asked, answer);
      },
      over: (asked) => {
        facts.over(daemonOf(), asked);
        for (const check of this.#by.over) check.over(daemonOf(), asked);
      },
      began: (call) => {
        trace.began(daemonOf().name, call.operation, call.name);
        chronicle.tell(daemonOf().name, `begins to ${call.operation} ${call.name}`, { runner: call.name });
        for (const check of this.#by.began) check.began(daemonOf(), call);
        facts.began(daemonOf(), call);
      },
      ended: (call, error) => {
        trace.ended(daemonOf().name, call.operation, call.name, error !== undefined);
        facts.ended(daemonOf(), call, error);
        for (const check of this.#by.ended) check.ended(daemonOf(), call, error);
      },
      listed: (names, begunMs) => facts.listed(daemonOf(), names, begunMs),
      jitHandedOver: (name, jitConfig) => {
        for (const check of this.#by.jitHandedOver) check.jitHandedOver(name, jitConfig);
      },
      destroyDelayMs,
      decided: (event) => {
        facts.decided(daemonOf(), event);
        const { commands, reasons } = event.decision;
        for (const { rule } of reasons) trace.rule(daemonOf().name, event.scaleSet, rule);
        for (const { rule } of [...commands, ...reasons]) tally.add("rule", rule);
        for (const { command, rule, reason } of commands) {
          trace.command(daemonOf().name, event.scaleSet, rule, command);
          const runner = "name" in command ? command.name : undefined;
          chronicle.tell(daemonOf().name, `${rule}: ${command.type}: ${reason}`, {
            runner,
            details: { set: event.scaleSet },
          });
        }
        for (const check of this.#by.decided) check.decided(daemonOf(), event);
      },
      commanded: (event) => {
        const { command, outcome } = event;
        trace.outcome(daemonOf().name, event);
        tally.add("command", outcome.type === "command.dropped" ? `${command.type} dropped` : outcome.type);
        chronicle.tell(daemonOf().name, `${outcome.type}`, { runner: command.name, details: outcome });
      },
      logged: (level, message, data) => {
        const runner = "runner" in data ? String(data.runner) : undefined;
        chronicle.tell(daemonOf().name, `${level}: ${message}`, { dull: level === "debug", details: data, runner });
        for (const check of this.#by.logged) check.logged(daemonOf(), level, message, data);
      },
      endedUnasked: (error) => {
        this.#scene.broke("I1", `${daemonOf().name} ended unasked: ${String(error)}`);
      },
    };
  }
}

type Told<Name extends keyof Check> = Check & Required<Pick<Check, Name>>;

function byEvent(checks: readonly Check[]) {
  const those = <Name extends keyof Check>(name: Name): readonly Told<Name>[] =>
    checks.filter((check): check is Told<Name> => check[name] !== undefined);
  return {
    asked: those("asked"),
    answered: those("answered"),
    over: those("over"),
    began: those("began"),
    ended: those("ended"),
    jitHandedOver: those("jitHandedOver"),
    decided: those("decided"),
    logged: those("logged"),
    entry: those("entry"),
    look: those("look"),
  };
}
