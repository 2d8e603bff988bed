/** A full set is given room for more for so long, to see whether more jobs come. @unit milliseconds */
const TRY_MS = 5_000;
/** When none came, it is tried again after this. @unit milliseconds */
const TRY_AGAIN_MS = 60_000;

/**
 * Sets that use all that a shared limit leaves to them. The service assigns no more jobs than a set announces, so more may
 * wait than can be seen: such a set is given room for more for a moment, once a minute or as it comes to want more.
 */
export class Tries<User extends object> {
  readonly #tries = new WeakMap<User, { readonly wanted: number; readonly since: number }>();

  /** To be called with every division. Answers whether the set is to be given room for more now. */
  note(user: User, { wanted, full, max }: { wanted: number; full: boolean; max: number }, now: number): boolean {
    const last = this.#tries.get(user);
    if (last !== undefined && (now - last.since >= TRY_AGAIN_MS || wanted > last.wanted)) this.#tries.delete(user);
    if (full && wanted < max && !this.#tries.has(user)) this.#tries.set(user, { wanted, since: now });
    return this.#isOn(user, now);
  }

  /** What it was given in that division. Answers when the next is due. */
  given(user: User, { share, wanted }: { share: number; wanted: number }, now: number): number {
    const last = this.#tries.get(user);
    if (last === undefined) return Number.POSITIVE_INFINITY;
    const isOn = this.#isOn(user, now);
    if (!isOn || share > wanted) return last.since + (isOn ? TRY_MS : TRY_AGAIN_MS);
    // Without any room it has not been tried.
    this.#tries.delete(user);
    return Number.POSITIVE_INFINITY;
  }

  forget(user: User): void {
    this.#tries.delete(user);
  }

  #isOn(user: User, now: number): boolean {
    const last = this.#tries.get(user);
    return last !== undefined && now - last.since < TRY_MS;
  }
}
