import type { Clock, Random } from "@scaleset/client";
import type { CallOptions } from "@scaleset/provisioner";
import type { AnnounceOptions, ScaleSetService, ServeMode, ServiceHandler } from "../ports/service.js";

/** So many scale sets a process holds at one time (`limits.maxScaleSets`); the others wait in line. */
export class Slots {
  readonly #taken = new Set<object>();
  readonly #waiting = new Map<object, () => void>();
  #limit: number | undefined;

  constructor(limit: number | undefined) {
    this.#limit = limit;
  }

  get limit(): number | undefined {
    return this.#limit;
  }

  /** A lowered one is met as sessions end. */
  set limit(limit: number | undefined) {
    this.#limit = limit;
    this.#admit();
  }

  /** Whether one more can be had at once. */
  get free(): boolean {
    return this.#waiting.size === 0 && this.#taken.size < (this.#limit ?? Number.POSITIVE_INFINITY);
  }

  /** Whether it stands in line. */
  waits(user: object): boolean {
    return this.#waiting.has(user);
  }

  /** Waits in line, as long as it takes. Resolves with false when the signal aborted first. */
  async take(user: object, { signal }: CallOptions): Promise<boolean> {
    if (signal.aborted) return false;
    let leave = (): void => {};
    await new Promise<void>((resolve) => {
      leave = () => {
        this.#waiting.delete(user);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.set(user, resolve);
      this.#admit();
    });
    signal.removeEventListener("abort", leave);
    return this.#taken.has(user);
  }

  release(user: object): void {
    this.#taken.delete(user);
    this.#admit();
  }

  #admit(): void {
    for (const [user, go] of this.#waiting) {
      if (this.#taken.size >= (this.#limit ?? Number.POSITIVE_INFINITY)) return;
      this.#waiting.delete(user);
      this.#taken.add(user);
      go();
    }
  }
}

/** Between two tries of a set that somebody else holds. @unit milliseconds */
const STANDBY_MIN_MS = 10_000;
const STANDBY_MAX_MS = 30_000;

/**
 * A scale set that needs a slot to be held. One whose session somebody else holds, and one that stepped aside, gives the
 * slot to the next in line: a daemon that stands by for sets does not use up what it may hold.
 */
export class SlottedService implements ScaleSetService {
  readonly #service: ScaleSetService;
  readonly #options: { readonly user: object; readonly slots: Slots; readonly clock: Clock; readonly random: Random };
  #mode: ServeMode = "polling";
  /** Ends the session of the present turn. */
  #stepAside = (): void => {};
  /** Ends the wait of a set that stepped aside. */
  #comeBack = (): void => {};

  constructor(
    service: ScaleSetService,
    options: { readonly user: object; readonly slots: Slots; readonly clock: Clock; readonly random: Random },
  ) {
    this.#service = service;
    this.#options = options;
  }

  async listen(handler: ServiceHandler, { signal }: CallOptions): Promise<void> {
    const { user, slots, clock, random } = this.#options;
    // Each listener counts its sessions from the start; commands of an earlier one must not pass for this one's.
    let newest = 0;
    while (await slots.take(user, { signal })) {
      const earlier = newest;
      const turn = new AbortController();
      const end = (): void => turn.abort(signal.reason);
      signal.addEventListener("abort", end, { once: true });
      let refused = false;
      const refusable: ServiceHandler = {
        opened: (session) => {
          newest = earlier + session.generation;
          handler.opened({ ...session, generation: newest });
        },
        // Who was refused holds none; how long it has been standing by goes on.
        ended: () => {
          if (!refused) handler.ended();
        },
        pollBegan: () => handler.pollBegan(),
        answered: (answer) => handler.answered(answer),
        message: (message) => handler.message(message),
        trouble: (trouble) => handler.trouble(trouble),
        drifted: (drift) => handler.drifted(drift),
        refused: (holder) => {
          handler.refused(holder);
          if (slots.limit === undefined) return;
          refused = true;
          turn.abort(new Error("somebody else holds it: the next in line has a try"));
        },
      };
      this.#stepAside = () => turn.abort(new Error("it steps aside"));
      try {
        if (this.#mode !== "aside") await this.#service.listen(refusable, { signal: turn.signal });
      } finally {
        this.#stepAside = () => {};
        signal.removeEventListener("abort", end);
        slots.release(user);
      }
      if (signal.aborted) return;
      if (this.#mode === "aside") await this.#untilBack(signal);
      else if (refused) {
        const waitMs = STANDBY_MIN_MS + (STANDBY_MAX_MS - STANDBY_MIN_MS) * random();
        await clock.sleep(waitMs, { signal }).catch(() => {});
      } else if (!turn.signal.aborted) return;
    }
  }

  /** `aside` closes the session and gives back the slot; anything else opens it again. */
  serve(mode: ServeMode): void {
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (mode === "aside") {
      this.#stepAside();
    } else {
      this.#service.serve(mode);
      this.#comeBack();
    }
  }

  announce(capacity: number, options?: AnnounceOptions): void {
    this.#service.announce(capacity, options);
  }

  restartCursor(): void {
    this.#service.restartCursor();
  }

  requestJitConfig: ScaleSetService["requestJitConfig"] = (...args) => this.#service.requestJitConfig(...args);
  lookUp: ScaleSetService["lookUp"] = (...args) => this.#service.lookUp(...args);
  renew: ScaleSetService["renew"] = (...args) => this.#service.renew(...args);
  readStatistics: ScaleSetService["readStatistics"] = (...args) => this.#service.readStatistics(...args);
  deregister: ScaleSetService["deregister"] = (...args) => this.#service.deregister(...args);

  async #untilBack(signal: AbortSignal): Promise<void> {
    let back = (): void => {};
    await new Promise<void>((resolve) => {
      back = resolve;
      this.#comeBack = resolve;
      signal.addEventListener("abort", back, { once: true });
      if (signal.aborted) resolve();
    });
    this.#comeBack = () => {};
    signal.removeEventListener("abort", back);
  }
}
