/**
 * What is under way: items that come and go all the time, some hundreds at once at most. For those
 * a `Set` keeps far too much. It moves to a new table every few items, a table points to the one
 * after it, and once a full collection has moved a table to old space, all that follow it and what
 * was in them live until the next full collection (V8's `OrderedHashTable::SetNextTable`).
 */
export class Bag<T> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item must not be in here already. */
  add(item: T): void {
    this.#items.push(item);
  }

  /** False when it was not there. Looks at all items, those that came first at first. */
  delete(item: T): boolean {
    const index = this.#items.indexOf(item);
    if (index === -1) return false;
    const last = this.#items.pop() as T;
    if (index < this.#items.length) this.#items[index] = last;
    return true;
  }

  /** Those that are in here now, also while some are taken out. */
  [Symbol.iterator](): IterableIterator<T> {
    return [...this.#items].values();
  }
}
