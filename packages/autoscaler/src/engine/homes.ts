import type { Subscriber } from "./inventory.js";
import type { Place } from "./place.js";

/**
 * The places where runners of one scale set live: the one where new ones are made, and those that are being left, since
 * a runner stays where it was made. Each is listened to until it is left.
 */
export class Homes {
  readonly #subscriber: Omit<Subscriber, "place">;
  readonly #places = new Map<string, Place>();
  readonly #subscriptions = new Map<string, () => void>();
  #current: Place;
  #watching = false;
  #check: { readonly place: string; readonly end: () => void } | undefined;

  constructor(current: Place, former: readonly Place[], subscriber: Omit<Subscriber, "place">) {
    this.#current = current;
    this.#subscriber = subscriber;
    for (const place of [current, ...former]) this.#places.set(place.id, place);
  }

  /** Where new runners are made. */
  get current(): Place {
    return this.#current;
  }

  /** The place of that id; the current one where it is not known. */
  of(id: string | undefined): Place {
    return (id === undefined ? undefined : this.#places.get(id)) ?? this.#current;
  }

  moveTo(place: Place): void {
    this.#current = place;
    this.#places.set(place.id, place);
    if (this.#watching) this.#listenTo(place);
  }

  /** Hears of everything that lives, from now on. */
  watch(): void {
    this.#watching = true;
    for (const place of this.#places.values()) this.#listenTo(place);
  }

  refresh(): void {
    for (const { inventory } of this.#places.values()) inventory.refresh();
  }

  /** Has the place where runners are made checked until it works again, or no longer. */
  awaitBackend(wanted: boolean, worksAgain: (place: string) => void): void {
    const { id, check } = this.#current;
    if (wanted && this.#check?.place === id) return;
    this.#check?.end();
    this.#check = wanted ? { place: id, end: check.whenItWorksAgain(() => worksAgain(id)) } : undefined;
  }

  /** Why the newest lists failed, of those that did. */
  problems(): string[] {
    return [...this.#places.values()].flatMap(({ inventory }) => inventory.problem ?? []);
  }

  /** Nothing lives there any more, and nothing is made there. */
  leave(id: string): Place | undefined {
    const place = this.#places.get(id);
    this.#subscriptions.get(id)?.();
    this.#subscriptions.delete(id);
    this.#places.delete(id);
    return place;
  }

  close(): void {
    this.#watching = false;
    for (const unsubscribe of this.#subscriptions.values()) unsubscribe();
    this.#subscriptions.clear();
    this.#check?.end();
    this.#check = undefined;
  }

  #listenTo({ id, inventory }: Place): void {
    if (!this.#subscriptions.has(id)) {
      this.#subscriptions.set(id, inventory.subscribe({ ...this.#subscriber, place: id }));
    }
  }
}
