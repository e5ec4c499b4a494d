/**
 * The sample index of OpenBCI boards, which counts the frames that the board sent and repeats after about a second. A loss of
 * whole cycles (for Cyton 256, 512, … frames) is not visible in it.
 */
export interface SampleCycle {
  /** Frames in one cycle; Infinity if the index does not repeat. */
  readonly length: number;
  /** Positions in the cycle of frames with this index; empty if the cycle does not contain it. */
  positionsOf(index: number): readonly number[];
}

/** The cycle of which `indexes` are the sample indexes, in order. */
function cycleOf(indexes: readonly number[]): SampleCycle {
  const positions = new Map<number, number[]>();
  for (const [position, index] of indexes.entries()) positions.set(index, [...(positions.get(index) ?? []), position]);
  return { length: indexes.length, positionsOf: (index) => positions.get(index) ?? [] };
}

const range = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
const twice = (cycle: number[]) => cycle.flatMap((index) => [index, index]);

/** The cycles of OpenBCI boards. Where several explain a recording equally well, the first one counts. */
const cycles: readonly SampleCycle[] = [
  range(0, 255), // Cyton
  range(0, 200), // Ganglion
  range(0, 199), // Ganglion, older firmware
  range(1, 200),
  range(0, 254, 2), // Cyton with Daisy: every other index
  range(1, 255, 2),
  range(0, 127), // Cyton with Daisy, before version 5 of the GUI
  [0, ...twice(range(1, 100))], // Ganglion: two frames per radio packet, with acceleration
  [0, ...twice(range(101, 200))], // the same without acceleration
  twice(range(0, 99)), // Ganglion, firmware 3
  twice(range(0, 100)),
  twice(range(100, 199)),
  twice(range(101, 200)),
].map(cycleOf);

/** The frames that a cycle reports as lost before each of `indexes`; 0 before the first, and around one that is not in it. */
export function lostByCycle(cycle: SampleCycle, indexes: readonly number[]): number[] {
  let before: readonly number[] = [];
  return indexes.map((index) => {
    const positions = cycle.positionsOf(index);
    const steps = before.flatMap((from) =>
      positions.map((to) => ({ to, lost: framesBetween(from, to, cycle.length) })),
    );
    const lost = Math.min(...steps.map((step) => step.lost));
    before = steps.length > 0 ? steps.filter((step) => step.lost === lost).map(({ to }) => to) : positions;
    return steps.length > 0 ? lost : 0;
  });
}

/** Frames between two positions of a cycle. Where the index does not repeat and goes back, it started again: 0. */
function framesBetween(from: number, to: number, length: number): number {
  const between = to - from - 1;
  return between >= 0 ? between : length === Infinity ? 0 : between + length;
}

/**
 * The cycle that explains `indexes` with the fewest lost frames; undefined if none explains most of them, because then they
 * do not count frames.
 */
export function findCycle(indexes: readonly number[]): SampleCycle | undefined {
  if (indexes.length > 2 && indexes.every((index) => index === indexes[0])) return undefined;
  const own = cycleIn(indexes);
  const candidates = own ? [...cycles, own] : cycles;
  const costs = candidates.map((cycle) => cost(cycle, indexes));
  const fewest = Math.min(...costs);
  return fewest === Infinity ? undefined : candidates[costs.indexOf(fewest)];
}

/** Lost frames by a cycle; Infinity if fewer than 60 % of the rows follow the one before. */
function cost(cycle: SampleCycle, indexes: readonly number[]): number {
  const lost = lostByCycle(cycle, indexes);
  const unknown = indexes.filter((index) => cycle.positionsOf(index).length === 0).length;
  const following = lost.filter((frames) => frames === 0).length - unknown;
  if (following < 0.6 * indexes.length) return Infinity;
  return lost.reduce((sum, frames) => sum + frames, unknown * Math.min(cycle.length, 256));
}

/**
 * The cycle that the indexes themselves show: they rise from the lowest to the highest and start again at least twice in the
 * same way, or never do. Undefined if they are not integers or do not rise.
 */
function cycleIn(indexes: readonly number[]): SampleCycle | undefined {
  const low = indexes.reduce((lowest, index) => Math.min(lowest, index), Infinity);
  const high = indexes.reduce((highest, index) => Math.max(highest, index), -Infinity);
  if (low === high || !indexes.every(Number.isInteger)) return undefined;
  const turns = [...indexes.keys()].filter((i) => i > 0 && indexes[i] <= indexes[i - 1]);
  const whole = turns.filter((i) => indexes[i - 1] === high && indexes[i] === low).length;
  if (turns.length > 0 && whole < 2) return undefined;
  const positionsOf = (index: number) => (index >= low && index <= high ? [index - low] : []);
  return { length: turns.length === 0 ? Infinity : high - low + 1, positionsOf };
}
