import type { CallOptions, Revealable } from "@scaleset/provisioner";
import type { JobNews } from "../core/events.js";
import type { Statistics } from "../core/model.js";

/** What the engine uses of the runner scale set service: one scale set of it. */
export interface ScaleSetService {
  /**
   * Holds the message session of the scale set, or waits for it, and tells the handler everything. Ends when the signal
   * aborts, with the session closed; rejects only where no wait can mend it.
   */
  listen(handler: ServiceHandler, options: CallOptions): Promise<void>;
  /** The capacity to announce from now on: a raised one at once, a lowered one with the next poll unless asked otherwise. */
  announce(capacity: number, options?: AnnounceOptions): void;
  /** How the session is held from now on. */
  serve(mode: ServeMode): void;
  /**
   * Refreshes the session that is held now, which proves that it is still ours; its statistics, undefined where the answer
   * has none or no session is held. Rejects when there is no answer; a refusal for good also ends the session.
   */
  renew(options: CallOptions): Promise<Statistics | undefined>;
  /** Asks for a registration under a name that was never used before. Never asked twice. */
  requestJitConfig(runnerName: string, options: CallOptions): Promise<JitAnswer>;
  /** Whether a registration is there, found by name when its id is not known. Rejects when there is no answer. */
  lookUp(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    options: CallOptions,
  ): Promise<"present" | "absent">;
  /**
   * The scale set's statistics, beside its messages: of a refresh, else of the scale set itself. Undefined where the service
   * gives none. Rejects when there is no answer.
   */
  readStatistics(options: CallOptions): Promise<Statistics | undefined>;
  /** The next poll leaves out the id of the last message: the queue may have restarted. */
  restartCursor(): void;
  /** Removes a registration, looked up by name when its id is not known. Rejects when there is no answer. */
  deregister(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    options: CallOptions,
  ): Promise<"removed" | "busy" | "absent">;
}

export interface AnnounceOptions {
  /** A lowered capacity ends the running poll, too. @default false */
  readonly lowerAtOnce?: boolean | undefined;
}

/**
 * - `polling`: the session is open and polled, so jobs are accepted;
 * - `unpolled`: it is open, and no job is accepted; the caller refreshes it;
 * - `aside`: it is closed, and another daemon may have it.
 */
export type ServeMode = "polling" | "unpolled" | "aside";

export type JitAnswer =
  | { readonly outcome: "issued"; readonly runnerId: number; readonly jitConfig: Revealable }
  /** The service said no: there is no registration. */
  | { readonly outcome: "refused"; readonly message: string }
  /** Nobody knows whether there is one. */
  | { readonly outcome: "unanswered"; readonly message: string };

/** Told synchronously, in order. When a call returns, the news is taken in: a message may then be acknowledged. */
export interface ServiceHandler {
  opened(session: {
    readonly generation: number;
    readonly scaleSetId: number;
    readonly sessionId: string;
    readonly statistics: Statistics;
    /** How long ago the scale set was made, as far as the service tells. @unit milliseconds */
    readonly scaleSetAgeMs?: number | undefined;
    /** When the opening was sent, by `Clock.uptime`: the lease counts from there. @unit milliseconds */
    readonly sentAt: number;
  }): void;
  /** No session is held: it ended, or an earlier one of our own owner name is in the way. */
  ended(): void;
  /** Another daemon holds the session; `holder` is its owner name, undefined where the service leaves it out. */
  refused(holder: string | undefined): void;
  pollBegan(): void;
  /**
   * An answered call of the session, sent at `sentAt` by `Clock.uptime`. `heldMs` only for polls; one that brought a message
   * is reported right before that message.
   */
  answered(answer: { readonly heldMs: number | undefined; readonly sentAt: number }): void;
  message(message: {
    readonly redelivered: boolean;
    readonly statistics: Statistics | undefined;
    readonly jobs: readonly JobNews[];
  }): void;
  /** Where the scale set is not as it was asked for, in words; undefined where it is. Work goes on. */
  drifted(words: string | undefined): void;
  /** What stands in the way right now; undefined when nothing does. */
  trouble(trouble: Trouble | undefined): void;
}

/** What stands between a scale set and its service. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** In words for a person, without a secret. */
  readonly message: string;
}

/**
 * Each wants something else of a person.
 *
 * - `own-session`: a session of our own owner name lives on, from a process that ended (F1);
 * - `scale-set-missing`: it went away and is made anew in a while (F4); `scale-set-gone`: it is not made anew;
 * - `runner-group-missing`: there is no runner group of the configured name;
 * - `no-credentials`: the command, file or signer that gives the token or key fails;
 * - `refused`: the service does not take the credentials, or they may too little;
 * - `unreachable`: no answer; `untrusted`: a certificate on the way is not trusted;
 * - `rate-limited`: the service asks to be left alone;
 * - `other`: its words are all there is.
 */
export type TroubleKind =
  | "own-session"
  | "scale-set-missing"
  | "scale-set-gone"
  | "runner-group-missing"
  | "no-credentials"
  | "refused"
  | "unreachable"
  | "untrusted"
  | "rate-limited"
  | "other";
