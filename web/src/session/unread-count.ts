/** How many of the user's notifications are unread, for every part of the page that shows it. */
export class UnreadCount {
  readonly #listeners = new Set<() => void>();
  #value = 0;

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
