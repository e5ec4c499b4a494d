import { doublesIn, numberIn, type State } from '../state/state.ts';
import type { ErrorStats } from './running-errors.ts';

/** The score of the weights to serve, on frames after they were set aside and chosen. */
export interface ServedWeights extends ErrorStats {
  /** Number of scored frames. */
  readonly frames: number;
  /** Absolute frame at which the weights were set aside. They depend on no target from this frame on. */
  readonly setAside: number;
  /** The scored targets: ranges of absolute frames, each from its first frame to before its second. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** Returns a score as a state. */
export function saveServed({ ranges, ...numbers }: ServedWeights): State {
  return { ...numbers, ranges: Float64Array.from(ranges.flat()) };
}

/** Returns the score that `saveServed` saved. */
export function restoreServed(state: State): ServedWeights {
  const number = (name: keyof ServedWeights) => numberIn(state, name);
  return {
    nmse: number('nmse'),
    persistence: number('persistence'),
    movingAverage: number('movingAverage'),
    powerLine: number('powerLine'),
    mains: number('mains'),
    skill: number('skill'),
    loss: number('loss'),
    rms: number('rms'),
    frames: number('frames'),
    setAside: number('setAside'),
    ranges: rangesOf(doublesIn(state, 'ranges')),
  };
}

/** Returns pairs of consecutive numbers. */
export function rangesOf(numbers: Float64Array): (readonly [from: number, to: number])[] {
  return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]] as const);
}
