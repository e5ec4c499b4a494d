/** Cache of values by key. Keeps the most recently used values. */
export class LatestCache<T> {
  readonly #size: number;
  readonly #values = new Map<string, T>();

  /** @param size maximum number of values */
  constructor(size: number) {
    this.#size = size;
  }

  /** All stored keys and values. */
  get entries(): [string, T][] {
    return [...this.#values];
  }

  /** Returns the value of `key`. If it is not stored, creates it with `make` and stores it. */
  get(key: string, make: () => T): T {
    const value = this.#values.get(key) ?? make();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#size) this.#values.delete(this.#values.keys().next().value!);
    return value;
  }
}
