import type { Fleet } from "../core/fleet.js";
import type { Trouble, TroubleKind } from "../ports/service.js";
import type { Problem } from "./problem.js";
import type { WorkerFacts } from "./worker-facts.js";

interface Advice {
  /** In place of the trouble's own words. */
  readonly message?: string;
  /** What its words are about. @default the service */
  readonly about?: string;
  readonly remedy: string;
  /** Mends itself in a known time: no error even without a session. */
  readonly passes?: true;
}

const ADVICE: Readonly<Record<TroubleKind, Advice>> = {
  "own-session": {
    message: "the session of this daemon's earlier life is still open; the service frees it in about a minute",
    remedy: "wait; if it lasts for more than a few minutes, another daemon runs under the same owner name",
    passes: true,
  },
  "scale-set-missing": {
    message: "the scale set is gone from the service: it is made anew once look-ups a minute apart have not found it",
    remedy: "wait, and find out who deleted it; in an incident the service hides scale sets, too",
    passes: true,
  },
  "scale-set-gone": {
    message: "the scale set is gone from the service, and is not made anew (recreate: false)",
    remedy: "make it by hand, set recreate: true, or take it out of the config",
  },
  "runner-group-missing": {
    remedy: "make the runner group at GitHub, or correct runnerGroup in the config; it is looked up again by itself",
  },
  "no-credentials": {
    about: "no credentials",
    remedy:
      "run the command by hand as the daemon's user, or see that this user can read the file; it is tried again by itself",
  },
  refused: {
    remedy:
      "check that the token or App is valid, belongs to this organisation or repository (see the config's url), and may manage its self-hosted runners; it is tried again by itself",
  },
  unreachable: {
    remedy:
      "check the way from this machine to the service (DNS, proxy, firewall), then the service's status page; it is tried again by itself",
  },
  untrusted: {
    remedy:
      "give the certificate of the proxy or server that is in between to Node (NODE_EXTRA_CA_CERTS), or correct this machine's clock",
  },
  "rate-limited": {
    remedy:
      "it waits as long as the service asks; if this comes often, see what else uses the same token or App, and give this daemon its own",
  },
  other: { remedy: "it is tried again by itself; if this lasts, see the service's status page and the log" },
};

/** A poll is answered after about 50 s and given up after 75 s: the lease may lapse in one that is held, and all is well. */
const SILENT_MS = 80_000;

/** What is wrong between a scale set and its service. */
export function* serviceProblems(fleet: Fleet, { trouble, drift, now, stopped }: WorkerFacts): Generator<Problem> {
  if (stopped) return;
  const { session, answeredAt } = fleet;
  if (trouble !== undefined) yield troubled(trouble, session.state === "held");
  if (drift !== undefined) {
    yield {
      code: "scale-set-drift",
      level: "warning",
      message: drift,
      remedy: "make the config and the scale set at the service alike, and see who else changes it",
    };
  }
  const silentMs = now - answeredAt;
  if (session.state === "held" && silentMs >= SILENT_MS && Number.isFinite(silentMs)) {
    yield {
      code: "service-silent",
      level: "error",
      message: `the service has not answered for ${Math.round(silentMs / 1_000)} s: nothing is launched or ended until it does`,
      remedy: "running jobs go on; check the network to the service and its status page",
    };
  }
}

function troubled({ kind, message: words }: Trouble, held: boolean): Problem {
  const { about = "the service", message = `${about}: ${words}`, remedy, passes = false } = ADVICE[kind];
  return { code: "service-trouble", level: held || passes ? "warning" : "error", message, remedy };
}
