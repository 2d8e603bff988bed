/** Those who wait for something that changes to become what they want. */
export class Waiters {
  readonly #looks = new Set<() => void>();

  /** It may be what one of them wants now. */
  noticed(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves once it is so: looked at now, after each change, and when one of the signals aborts. */
  async until(isSo: () => boolean, signals: readonly AbortSignal[]): Promise<void> {
    let look = (): void => {};
    const become = new Promise<void>((resolve) => {
      look = () => {
        if (isSo()) resolve();
      };
    });
    this.#looks.add(look);
    for (const signal of signals) signal.addEventListener("abort", look, { once: true });
    look();
    await become;
    this.#looks.delete(look);
    for (const signal of signals) signal.removeEventListener("abort", look);
  }
}
