export interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'plain';
  title: string;
  text?: string | undefined;
  /** Address of what it is about. */
  href?: string | undefined;
}

const shownMax = 4;

/** How long one stays; reading a sentence takes two or three seconds. */
const lifeMs = 7_000;

/** The messages that are on the page, newest last. */
export class ToastList {
  readonly #listeners = new Set<() => void>();
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #shown: readonly Toast[] = [];
  #lastId = 0;

  get shown(): readonly Toast[] {
    return this.#shown;
  }

  add(toast: Omit<Toast, 'id'>): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const shown = [...this.#shown, { ...toast, id }];
    for (const old of shown.slice(0, -shownMax)) this.hold(old.id);
    this.#show(shown.slice(-shownMax));
    this.#expire(id);
  }

  remove = (id: number): void => {
    this.hold(id);
    this.#show(this.#shown.filter((toast) => toast.id !== id));
  };

  /** Keeps one while somebody points at it; `release` lets it go later. */
  hold = (id: number): void => {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  };

  release = (id: number): void => {
    this.hold(id);
    this.#expire(id);
  };

  clear(): void {
    for (const { id } of this.#shown) this.hold(id);
    this.#show([]);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #expire(id: number): void {
    this.#timers.set(
      id,
      setTimeout(() => this.remove(id), lifeMs),
    );
  }

  #show(shown: readonly Toast[]): void {
    this.#shown = shown;
    for (const listener of this.#listeners) listener();
  }
}
