import { type Demand, degraded, mostRunners, ownMaximum } from "./demand.js";
import type { Fleet } from "./fleet.js";
import { onlineOf } from "./model.js";

/** After this without an answer on the session nothing is known about demand. @unit milliseconds */
const SILENT_MS = 75_000;

/** Whether the set steps aside, tries to come back, or works again; after each event. */
export function judgeAside(fleet: Fleet, demand: Demand, at: number): void {
  const { aside } = fleet;
  // What accepts no job now must not begin to at the end.
  if (fleet.stopping) return;
  if (fleet.drainingSince !== undefined) {
    if (aside.state.kind !== "aside") aside.work();
    return;
  }
  switch (aside.state.kind) {
    case "working":
      judgeWork(fleet, demand, at);
      break;
    case "leaving":
      if (worksAfterAll(fleet) || placeCameFree(fleet)) aside.work();
      else if (mayClose(fleet)) close(fleet, at);
      else if (at >= aside.triesFrom && fleet.limits.maxRunners > 0 && !isLaunchingOrAlive(fleet))
        aside.tryWhileOpen(at);
      break;
    case "aside":
      judgeReturn(fleet, at);
      break;
    case "trial":
      judgeTrial(fleet, demand, at);
      break;
  }
}

/** When this changes by itself. */
export function asideWakeAt(fleet: Fleet): number {
  const { aside, timings } = fleet;
  const { state } = aside;
  switch (state.kind) {
    case "working": {
      const since = aside.helplessSince ?? Number.POSITIVE_INFINITY;
      const stale = fleet.session.state === "held" ? listedAt(fleet) + staleAfterMs(fleet) : Number.POSITIVE_INFINITY;
      return Math.min(
        since + timings.asideMs,
        stale,
        state.reservedUntil > Number.NEGATIVE_INFINITY ? state.reservedUntil : Number.POSITIVE_INFINITY,
      );
    }
    case "aside":
      return tryOnTime(fleet) ? state.tryAt : (state.ticketFrom ?? state.tryAt);
    case "trial":
      return trialEndsAt(fleet);
    case "leaving":
      return aside.triesFrom;
  }
}

/** Whether the service has not answered on the session for so long that nothing is known about demand. */
export function isUnheard(fleet: Fleet, at: number): boolean {
  return at - fleet.answeredAt >= SILENT_MS;
}

function judgeWork(fleet: Fleet, demand: Demand, at: number): void {
  const { aside, session, timings } = fleet;
  if (session.state !== "held") {
    aside.helplessSince = undefined;
    if (aside.state.kind === "working" && at >= aside.state.reservedUntil) aside.notOpened(at);
    return;
  }
  if (isUnheard(fleet, at)) return;
  const alone = demand.able === 0 && fleet.foreign.count === 0;
  if (alone && at - listedAt(fleet) >= staleAfterMs(fleet)) {
    aside.leave("the list of instances fails", false, at);
    return;
  }
  // Runners elsewhere are known by then: an opening's statistics are believed where no runner of ours is able.
  if (!fleet.stockTaken(session.openedAt, at)) return;
  const unmet = Math.min(ownMaximum(fleet), fleet.limits.minRunners + demand.assigned) > demand.able;
  if (!alone || !unmet) {
    // A launch that is under way proves nothing; see `Aside.worked`.
    if (alone && !unmet) aside.helplessSince = undefined;
    return;
  }
  aside.helplessSince ??= at;
  if (at - aside.helplessSince < timings.asideMs) return;
  aside.leave(whyHelpless(fleet, lacksShare(fleet)), lacksShare(fleet), at);
}

function lacksShare(fleet: Fleet): boolean {
  return mostRunners(fleet) - fleet.occupying <= 0 && ownMaximum(fleet) - fleet.occupying > 0;
}

function whyHelpless(fleet: Fleet, noShare: boolean): string {
  const { launchPause, breaker, outdated, ceiling } = fleet;
  if (noShare) return "no place of the shared limit is free";
  if (outdated.shutAt !== undefined) return "the runner's version is deprecated";
  if (breaker.tripped) return `${breaker.running} runners ${breaker.last}, one after the other`;
  if (launchPause.reason !== "") return launchPause.reason;
  if (ownMaximum(fleet) - fleet.occupying <= 0) return "every place is taken by a runner that can't be removed";
  if (ceiling.most !== undefined) return "the backend has no room";
  return "no runner could be started";
}

/** A runner of ours turned out to work. */
function worksAfterAll({ roster, working }: Fleet): boolean {
  return working.size > 0 && roster.count("started") > roster.orphans;
}

/** It leaves only for want of a shared place, and there is one now. */
function placeCameFree(fleet: Fleet): boolean {
  const { state } = fleet.aside;
  const leaves = state.kind === "leaving" && state.ticket && fleet.session.state === "held";
  return leaves && !degraded(fleet) && mostRunners(fleet) - fleet.occupying > 0;
}

/** Whether nothing is left that needs the session. */
function mayClose(fleet: Fleet): boolean {
  const { roster, traits } = fleet;
  // Without a session nobody would end one whose exit can't be seen.
  const unseen = traits.observesExit ? 0 : roster.count("finishing");
  const open = roster.count("retiring") + roster.count("detached") + unseen;
  return open === 0 && !isLaunchingOrAlive(fleet);
}

function isLaunchingOrAlive({ roster }: Fleet): boolean {
  const launching = roster.count("creating") + roster.count("created") + roster.count("registered");
  return launching + roster.count("started") - roster.orphans - roster.foreignSchemas > 0;
}

function close(fleet: Fleet, at: number): void {
  const { breaker, outdated } = fleet;
  const probes = Math.max(
    breaker.tripped ? breaker.probesFrom : Number.NEGATIVE_INFINITY,
    outdated.shutAt === undefined ? Number.NEGATIVE_INFINITY : outdated.probesFrom,
  );
  fleet.aside.close(probes, at);
}

function judgeReturn(fleet: Fleet, at: number): void {
  const { state } = fleet.aside;
  if (state.kind !== "aside" || fleet.limits.maxRunners === 0) return;
  if (state.ticketFrom !== undefined && !(tryOnTime(fleet) && at >= state.tryAt)) {
    if (at >= state.ticketFrom && mostRunners(fleet) - fleet.occupying > 0) fleet.aside.comeBack(at);
  } else if (at >= state.tryAt) {
    fleet.aside.try(at);
  }
}

/**
 * Without a ticket it tries from time to time. With one too, where its places are taken by what it may not clear without
 * the session: no place would ever come free.
 */
function tryOnTime({ aside: { state }, occupying }: Fleet): boolean {
  return state.kind === "aside" && (state.ticketFrom === undefined || occupying > 0);
}

function judgeTrial(fleet: Fleet, demand: Demand, at: number): void {
  const { aside, session } = fleet;
  if (aside.state.kind !== "trial" || session.state !== "held" || aside.state.openedAt === undefined) return;
  const { lived, blind, openedAt, runner: name, reason } = aside.state;
  const reading = fleet.reading(at);
  const seen = reading !== undefined && onlineOf(reading) > fleet.foreign.count && startedBefore(fleet, reading.asOf);
  if (demand.able > 0 && !fleet.foreign.due && (seen || (lived && blind))) {
    aside.work();
    return;
  }
  const runner = name === undefined ? undefined : fleet.roster.get(name);
  const failed = name !== undefined && (runner === undefined || !isLaunching(runner.phase));
  if (failed || at >= trialEndsAt(fleet) || at - openedAt >= longestTrialMs(fleet)) {
    // Where nothing else is wrong, it comes back as soon as a place is free.
    const ticket = name === undefined && !degraded(fleet) && lacksShare(fleet);
    aside.leave(failed || ticket ? whyHelpless(fleet, ticket) : reason, ticket, at);
  }
}

function startedBefore({ roster, aside }: Fleet, asOf: number): boolean {
  const name = aside.state.kind === "trial" ? aside.state.runner : undefined;
  // Without a launch it is an adopted one that came with the opening.
  if (name === undefined) return roster.count("started") > roster.orphans;
  const startedAt = roster.get(name)?.startedAt;
  return startedAt !== undefined && startedAt <= asOf;
}

function isLaunching(phase: string): boolean {
  return phase === "creating" || phase === "created" || phase === "registered" || phase === "started";
}

/** A trial is over when nothing could be launched, or when its runner had all the time to come online. */
function trialEndsAt(fleet: Fleet): number {
  const { state } = fleet.aside;
  if (state.kind !== "trial" || state.openedAt === undefined) return Number.POSITIVE_INFINITY;
  const runner = state.runner === undefined ? undefined : fleet.roster.get(state.runner);
  if (runner?.startedAt !== undefined)
    return runner.startedAt + fleet.traits.bootDeadlineMs + fleet.timings.asideRefreshMs;
  if (runner !== undefined) return state.openedAt + longestTrialMs(fleet);
  return state.openedAt + 2 * fleet.timings.asideRefreshMs;
}

/** A create, a JIT request, a start and the time to come online. */
function longestTrialMs({ timings, traits }: Fleet): number {
  return 3 * timings.provisionerStepDeadlineMs + traits.bootDeadlineMs + 2 * timings.asideRefreshMs;
}

/** When the newest whole list of the place where runners are made was begun, or could first have been. */
function listedAt(fleet: Fleet): number {
  const openedAt = fleet.session.state === "held" ? fleet.session.openedAt : Number.NEGATIVE_INFINITY;
  return Math.max(fleet.listedAt, Math.min(openedAt, Number.POSITIVE_INFINITY), fleet.placeSince);
}

function staleAfterMs({ timings }: Fleet): number {
  return timings.asideMs + timings.provisionerStepDeadlineMs + timings.inventoryIntervalMs;
}

/**
 * Whether it is aside because its backend makes no runners. One that lacks a shared place waits for that place; where the
 * runners are what fails, a check of the backend says nothing about them.
 */
export function waitsForBackend({ aside: { state }, breaker, outdated, limits }: Fleet): boolean {
  if (state.kind !== "aside" || state.ticketFrom !== undefined || limits.maxRunners === 0) return false;
  return !breaker.tripped && outdated.shutAt === undefined;
}

/** Lists work again after a time without. */
export function listWorksAgain(fleet: Fleet, before: number, at: number): boolean {
  return at - before >= staleAfterMs(fleet);
}
