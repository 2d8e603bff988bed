import type { Fleet } from "./fleet.js";
import type { CommandType, Runner } from "./model.js";

/** May launch, retire and destroy: it holds the session, the service answered lately, and it has seen what lives. */
export function holds(fleet: Fleet, now: number): boolean {
  return (
    fleet.session.state === "held" &&
    now < fleet.answeredAt + fleet.timings.leaseMarginMs &&
    fleet.stockTaken(fleet.session.openedAt, now)
  );
}

/** When the right of a holder lapses, unless the service answers before; `Infinity` for who is no holder. */
export function lapsesAt(fleet: Fleet): number {
  if (fleet.session.state !== "held") return Number.POSITIVE_INFINITY;
  return fleet.answeredAt + fleet.timings.leaseMarginMs;
}

/**
 * What may be done about a runner. Without a session, on a machine of its own, a daemon clears away what ended and is
 * registered no more; after a drain it brings its own runners to their end: asks whether one whose end nobody saw is
 * still known, and ends by force what its deadline asks for. Standing by it only looks.
 */
export function may(fleet: Fleet, command: CommandType, runner: Runner | undefined, now: number): boolean {
  if (holds(fleet, now)) return true;
  if (runner === undefined) return false;
  const { phase, mayBeRegistered, own } = runner;
  switch (fleet.session.state) {
    case "none":
      return command === "destroy" && phase === "exited" && !mayBeRegistered && fleet.traits.scope === "host";
    case "drained": {
      const ending = phase === "exited" || phase === "finishing" || phase === "abandoned" || phase === "detached";
      if (phase === "started") return own && (command === "look-up" || command === "destroy");
      return own && ending && (command === "deregister" || command === "destroy");
    }
    default:
      return false;
  }
}

/** What the page says of it. */
export function whyNot(fleet: Fleet, now: number): string {
  switch (fleet.session.state) {
    case "none":
      return "no session: waiting for the service";
    case "drained":
      return "drained: waiting for the runners that still work";
    case "standby":
      return `standing by: ${fleet.session.holder ?? "somebody else"} holds the session`;
    case "held":
      return now >= fleet.answeredAt + fleet.timings.leaseMarginMs
        ? "the service has not answered lately: nothing is launched or ended until it does"
        : "taking stock of what runs";
  }
}
