import type { Fleet } from "./fleet.js";

/** May launch, retire and destroy: it holds the session, the service answered lately, and it has seen what lives. */
export function holds(fleet: Fleet, now: number): boolean {
  return (
    fleet.session.state === "held" &&
    now < fleet.answeredAt + fleet.timings.leaseMarginMs &&
    fleet.surveyedAt >= fleet.session.openedAt
  );
}

/** What the page says of it. */
export function whyNot(fleet: Fleet, now: number): string {
  switch (fleet.session.state) {
    case "none":
      return "no session: waiting for the service";
    case "standby":
      return `standing by: ${fleet.session.holder ?? "somebody else"} holds the session`;
    case "held":
      return now >= fleet.answeredAt + fleet.timings.leaseMarginMs
        ? "the service has not answered lately: nothing is launched or ended until it does"
        : "taking stock of what runs";
  }
}
