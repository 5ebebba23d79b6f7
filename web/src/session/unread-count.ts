/** How many of the user's notifications are unread, for every part of the page that shows it. */
export class UnreadCount {
  readonly #listeners = new Set<() => void>();
  #known = 0;
  #guess: number | undefined;

  get value(): number {
    return this.#guess ?? this.#known;
  }

  /** What the system has told. */
  set(value: number): void {
    this.#change(() => (this.#known = value));
  }

  /** What it is going to be; it stands over what is told meanwhile. Undefined takes it back. */
  guess(value: number | undefined): void {
    this.#change(() => (this.#guess = value));
  }

  #change(change: () => void): void {
    const before = this.value;
    change();
    if (this.value === before) return;
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
