/**
 * Counts lost frames by a sample index that turns round. An index says nothing of whole turns: a gap of 256 frames
 * (of a Cyton; 512, 768, …) looks like none.
 */
export interface SampleCounter {
  /** How many frames are missing between the last index and this one; 0 at the first, and at one that no turn holds. */
  lostBefore(index: number): number;
}

/** A counter that walks round `turn`, every index of one turn in order. */
export function sampleCounter(turn: readonly number[]): SampleCounter {
  let at = -1;
  return {
    lostBefore(index) {
      if (at < 0) {
        at = turn.indexOf(index);
        return 0;
      }
      for (let lost = 0; lost < turn.length; lost++) {
        const next = (at + 1 + lost) % turn.length;
        if (turn[next] !== index) continue;
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
const twice = (turn: number[]) => turn.flatMap((index) => [index, index]);

/** How OpenBCI boards count. */
const turns: readonly (readonly number[])[] = [
  range(0, 255), // Cyton
  range(0, 254, 2), // Cyton with Daisy: every second index
  range(1, 255, 2),
  [0, ...twice(range(1, 100))], // Ganglion: two frames a radio packet, with acceleration
  [0, ...twice(range(101, 200))], // and without
  twice(range(0, 99)), // Ganglion, firmware 3
  twice(range(100, 199)),
];

/**
 * The turn that explains `indexes` with the fewest losses; undefined where even that one loses more than two frames for
 * each that came: then the column does not count frames.
 */
export function findTurn(indexes: readonly number[]): readonly number[] | undefined {
  const costs = turns.map((turn) => {
    const counter = sampleCounter(turn);
    const known = new Set(turn);
    return indexes.reduce((cost, index) => cost + (known.has(index) ? counter.lostBefore(index) : turn.length), 0);
  });
  const least = Math.min(...costs);
  return least > indexes.length * 2 ? undefined : turns[costs.indexOf(least)];
}
