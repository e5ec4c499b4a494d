/**
 * Work that is done in slices, so that other work can be done between them: a generator that yields the estimated cost of
 * each slice in ns, and returns the result.
 */
export type Slices<T> = Generator<number, T, void>;

/** Performs all slices at once. */
export function finish<T>(work: Slices<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Number of items per slice. */
const itemsPerSlice = 64;

/** Calls `each` for every item, in slices; `cost` is the cost of an item in ns. */
export function* mapInSlices<Item, Result>(
  items: readonly Item[],
  cost: number,
  each: (item: Item, index: number) => Result,
): Slices<Result[]> {
  const results: Result[] = [];
  for (let i = 0; i < items.length; i++) {
    results.push(each(items[i], i));
    if ((i + 1) % itemsPerSlice === 0) yield itemsPerSlice * cost;
  }
  return results;
}
