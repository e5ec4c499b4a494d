/**
 * Counts lost frames by a sample index that repeats. A gap of whole cycles (for Cyton 256, 512, … frames) is not
 * detected.
 */
export interface SampleCounter {
  /** Returns the number of frames missing before `index`; 0 for the first index and for one that is not in the cycle. */
  lostBefore(index: number): number;
}

/** Creates a counter for `cycle`, the indexes of one cycle in order. */
export function sampleCounter(cycle: readonly number[]): SampleCounter {
  let at = -1;
  return {
    lostBefore(index) {
      if (at < 0) {
        at = cycle.indexOf(index);
        return 0;
      }
      for (let lost = 0; lost < cycle.length; lost++) {
        const next = (at + 1 + lost) % cycle.length;
        if (cycle[next] !== index) continue;
        at = next;
        return lost;
      }
      at = -1;
      return 0;
    },
  };
}

const range = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
const twice = (cycle: number[]) => cycle.flatMap((index) => [index, index]);

/** The cycles of OpenBCI boards. */
const cycles: readonly (readonly number[])[] = [
  range(0, 255), // Cyton
  range(0, 254, 2), // Cyton with Daisy: every other index
  range(1, 255, 2),
  [0, ...twice(range(1, 100))], // Ganglion: two frames per radio packet, with acceleration
  [0, ...twice(range(101, 200))], // the same without acceleration
  twice(range(0, 99)), // Ganglion, firmware 3
  twice(range(100, 199)),
];

/**
 * The cycle that explains `indexes` with the fewest lost frames; undefined if that is more than two lost frames per frame,
 * because then the column is not a sample index.
 */
export function findCycle(indexes: readonly number[]): readonly number[] | undefined {
  const costs = cycles.map((cycle) => {
    const counter = sampleCounter(cycle);
    const known = new Set(cycle);
    return indexes.reduce((cost, index) => cost + (known.has(index) ? counter.lostBefore(index) : cycle.length), 0);
  });
  const fewest = Math.min(...costs);
  return fewest > indexes.length * 2 ? undefined : cycles[costs.indexOf(fewest)];
}
