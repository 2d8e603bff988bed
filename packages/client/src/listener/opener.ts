import { abortable, LinkedController } from "../async/abortable.js";
import { isScaleSetError, ScaleSetError } from "../errors.js";
import type { MessageSession } from "../session/message-session.js";
import { holderOf } from "../session/verdict.js";
import { type ListenerContext, loggable, waitFor } from "./context.js";
import type { ListenerState } from "./observer.js";
import type { ListenerOptions } from "./options.js";
import { Reclaim } from "./reclaim.js";

/** Why it is not open yet. Waits start anew when the obstacle changes. */
interface Obstacle {
  readonly kind: "own-session" | "standby" | "scale-set-missing" | "open-failed";
  readonly minMs: number;
  readonly maxMs: number;
  readonly error: unknown;
  readonly holder?: string | undefined;
}

/** An open session. */
export interface Opened {
  readonly session: MessageSession;
  /** When the opening was sent, by `Clock.uptime`. @unit milliseconds */
  readonly sentAt: number;
  /** Aborts when a refresh shows that the session is gone, or with the listener's signal. Whoever takes it disposes it. */
  readonly ended: LinkedController;
}

/** An id alone that stays unknown for this long belongs to a set that is gone for good. */
const GONE_FOR_GOOD_MS = 60_000;

/** Opens sessions, for as long as it takes: conflicts, failures and lost scale sets are waited out (F1, F4, F5). */
export class Opener {
  readonly #context: ListenerContext;
  readonly #options: Pick<ListenerOptions, "scaleSet" | "resolveScaleSet" | "beforeReopen">;
  readonly #reclaim: Reclaim;
  #scaleSetId: number | undefined;
  /** Of the newest opening. */
  #triedId: number | undefined;
  #lostId: number | undefined;
  #missingSince: number | undefined;
  #lookups = 0;

  constructor(context: ListenerContext, options: ListenerOptions) {
    this.#context = context;
    this.#options = options;
    this.#reclaim = new Reclaim(context, options.recordedSession);
    this.#scaleSetId = typeof options.scaleSet === "number" ? options.scaleSet : options.scaleSet.id;
  }

  /** The scale set was said not to exist: it is looked for before the next session. */
  lose(): void {
    if (this.#scaleSetId !== undefined) this.#lostId = this.#scaleSetId;
    this.#scaleSetId = undefined;
    this.#missingSince ??= this.#context.clock.monotonic();
  }

  /** @param probing - whether this is not the first opening of this listener: it then counts against the shared budget. */
  async open(signal: AbortSignal, probing: boolean): Promise<Opened> {
    let counted = probing;
    let kind: Obstacle["kind"] | undefined;
    let inARow = 0;
    let told: string | undefined;
    for (let attempt = 1; ; attempt++) {
      let obstacle: Obstacle;
      try {
        return await this.#attempt(attempt, signal, counted);
      } catch (error) {
        signal.throwIfAborted();
        if (await this.#reclaim.closeAfter(error, this.#triedId, signal)) {
          counted = false;
          continue;
        }
        obstacle = this.#obstacle(error);
      }
      counted = true;
      inARow = obstacle.kind === kind ? inARow + 1 : 1;
      kind = obstacle.kind;
      const waitMs = waitFor(this.#context, { attempt: inARow, ...obstacle });
      this.#context.state(stateOf(obstacle, waitMs));
      // A standby waits for days: it says so once, and again when somebody else is in the way.
      const words = `no session yet: ${wordsOf(obstacle)}`;
      const record = { ...loggable(obstacle.error), reason: kind, retryInMs: Math.round(waitMs) };
      this.#context.logger[words === told ? "debug" : "info"](record, words);
      told = words;
      await this.#context.clock.sleep(waitMs, { signal });
    }
  }

  async #attempt(attempt: number, signal: AbortSignal, counted: boolean): Promise<Opened> {
    signal.throwIfAborted();
    if (counted) await this.#options.beforeReopen?.({ signal });
    this.#context.state({ state: "opening", scaleSetId: this.#scaleSetId, attempt });
    const scaleSetId = this.#scaleSetId ?? (await this.#find(signal));
    this.#triedId = scaleSetId;
    const opened = await this.#openOrUndo(scaleSetId, signal);
    this.#reclaim.forget();
    this.#scaleSetId = scaleSetId;
    this.#lostId = undefined;
    this.#missingSince = undefined;
    this.#lookups = 0;
    return opened;
  }

  /** An opening that is under way when the listener ends could leave a session behind: it gets a moment, and is closed. */
  async #openOrUndo(scaleSetId: number, signal: AbortSignal): Promise<Opened> {
    const { client, owner, clock, timings } = this.#context;
    using own = new LinkedController();
    const ended = new LinkedController(signal);
    let sentAt = clock.uptime();
    const opening = client.openMessageSession(scaleSetId, {
      owner,
      signal: own.signal,
      onAnswered: (answer) => {
        if (answer.call === "open") sentAt = answer.sentAt;
        this.#context.answered(answer);
      },
      onLost: (error) => ended.abort(error),
    });
    try {
      const session = await abortable(opening, signal);
      return { session, sentAt, ended };
    } catch (error) {
      ended[Symbol.dispose]();
      if (!signal.aborted) throw error;
      using grace = clock.deadline(timings.closeDeadlineMs);
      const close = async (): Promise<void> => {
        const session = await opening;
        await session.close({ signal: grace.signal });
      };
      await abortable(close(), grace.signal).catch((late: unknown) => {
        this.#context.logger.debug(loggable(late), "nothing was left to close");
      });
      own.abort(signal.reason);
      throw error;
    }
  }

  async #find(signal: AbortSignal): Promise<number> {
    const { scaleSet, resolveScaleSet } = this.#options;
    this.#lookups += 1;
    let id: number | undefined;
    if (resolveScaleSet !== undefined) {
      id = await resolveScaleSet({ lostId: this.#lostId, attempt: this.#lookups, signal });
    } else if (typeof scaleSet === "number") {
      // All that can be done with an id is to try it again.
      id = scaleSet;
    } else {
      id = (await this.#context.client.getRunnerScaleSet(scaleSet.runnerGroupId, scaleSet.name, { signal }))?.id;
    }
    if (id !== undefined) return id;
    throw new ScaleSetError("SCALE_SET_NOT_FOUND", "the scale set is not there", { operation: "listen" });
  }

  #obstacle(error: unknown): Obstacle {
    const { owner, timings, clock } = this.#context;
    const { ownSessionMinMs, ownSessionMaxMs, standbyMinMs, standbyMaxMs, pollRetryMinMs, pollRetryMaxMs } = timings;
    const standby = { minMs: standbyMinMs, maxMs: standbyMaxMs, error };
    if (isScaleSetError(error, "SESSION_CONFLICT")) {
      const holder = holderOf(error);
      if (holder !== owner) return { kind: "standby", ...standby, holder };
      return { kind: "own-session", minMs: ownSessionMinMs, maxMs: ownSessionMaxMs, error };
    }
    if (isScaleSetError(error, "SCALE_SET_NOT_FOUND")) {
      const wasKnown = this.#missingSince ?? clock.monotonic();
      this.lose();
      const { scaleSet, resolveScaleSet } = this.#options;
      const idIsAll = typeof scaleSet === "number" && resolveScaleSet === undefined;
      if (idIsAll && clock.monotonic() - wasKnown >= GONE_FOR_GOOD_MS) throw error;
      return { kind: "scale-set-missing", ...standby };
    }
    if (isScaleSetError(error, "CONFIG") || isScaleSetError(error, "CLOSED")) throw error;
    return { kind: "open-failed", minMs: pollRetryMinMs, maxMs: pollRetryMaxMs, error };
  }
}

function wordsOf({ kind, holder, error }: Obstacle): string {
  switch (kind) {
    case "standby":
      return `${holder ?? "somebody"} holds it`;
    case "own-session":
      return "an earlier one of this owner is still open";
    case "scale-set-missing":
      return "the scale set is not there";
    case "open-failed":
      return `it could not be opened${isScaleSetError(error) ? ` (${error.code})` : ""}`;
  }
}

function stateOf(obstacle: Obstacle, retryInMs: number): ListenerState {
  const { kind, error, holder } = obstacle;
  if (kind === "standby") return { state: "standby", holder, error, retryInMs };
  return { state: "waiting", reason: kind, error, retryInMs };
}
