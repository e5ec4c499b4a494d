import { invalid } from '../check.ts';
import { doublesIn, type State } from '../state/state.ts';
import { normalScore } from './calibration.ts';

/**
 * False-alarm rate: a count per time, such as '1/month' or '2/week', or the mean number of frames between two false
 * alarms.
 */
export type FalseAlarms = string | number;

const secondsPer: ReadonlyMap<string, number> = new Map([
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 7 * 86_400],
  ['month', 30 * 86_400],
  ['year', 365 * 86_400],
]);

/** Default mean number of frames between two false alarms for streams without a rate. */
const irregularDefault = 10_000;

/** Throws if `rate` is not a false-alarm rate. */
export function checkFalseAlarms(rate: FalseAlarms): void {
  if (typeof rate === 'number') checkedFrames(rate);
  else secondsBetween(rate);
}

/**
 * Returns the mean number of frames between two false alarms, for a stream with `hz` frames per second.
 * @throws RangeError if the false-alarm rate is per time and the stream has no rate
 */
export function framesBetween(rate: FalseAlarms | undefined, hz: number): number {
  if (typeof rate === 'number') return checkedFrames(rate);
  if (hz > 0) return Math.max(1, secondsBetween(rate ?? '1/month') * hz);
  if (rate === undefined) return irregularDefault;
  throw invalid(
    'block.rate',
    `a number > 0 in Hz for falseAlarms '${rate}' (irregular: give the mean number of frames between false alarms)`,
    hz,
  );
}

function checkedFrames(frames: number): number {
  if (!(frames >= 1 && frames < Infinity))
    throw invalid('falseAlarms', 'a number >= 1, the mean number of frames between false alarms', frames);
  return frames;
}

function secondsBetween(rate: string): number {
  const parts = /^(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(rate);
  const count = Number(parts?.[1]);
  const unit = secondsPer.get(parts?.[2] ?? '');
  if (unit === undefined || !(count > 0 && count < Infinity))
    throw invalid(
      'falseAlarms',
      `a count per ${[...secondsPer.keys()].join(', ')}, such as '1/month'`,
      rate,
      TypeError,
    );
  return unit / count;
}

/** By how much an alarm raises the threshold, and the limits of the correction, in decades. */
const shiftGain = 0.6;
const minShift = -3;
const maxShift = 1;
/** Refractory period after an alarm: maximum in frames, and maximum as a share of the mean time between alarms. */
const maxRefractory = 60;
const refractoryShare = 0.25;
/** A score at most this far below the threshold continues the current alarm, in decades. */
const hysteresis = 1;

/**
 * Raises alarms at a given rate:
 *
 *     alarm if score >= log10 T + δ;    δ ← δ + 0.6 (alarm - 1/T)   per frame, -3 <= δ <= 1
 *
 * T is the mean number of frames between two alarms. The score says how rare a frame is. δ corrects the score by the
 * alarms raised so far: over many T the rate is 1/T for any stream, as long as δ stays within its limits (I. Gibbs and
 * E. Candès, "Adaptive conformal inference under distribution shift", 2021). A score ten times as rare as T always
 * raises an alarm. After an alarm, no other is raised for 60 frames, or T/4 if that is shorter.
 */
export class AlarmBudget {
  /** Whether the last frame raised an alarm or continues one: its score is at most one decade below the threshold. */
  alarmed = false;
  readonly #meanInterval: number;
  readonly #level: number;
  readonly #refractory: number;
  #shift = 0;
  #refractoryLeft = 0;

  /** @param between mean number of frames between two alarms */
  constructor(between: number) {
    this.#meanInterval = between;
    this.#level = Math.log10(between);
    this.#refractory = Math.floor(Math.min(maxRefractory, refractoryShare * between));
  }

  /** Score that raises an alarm now. */
  get threshold(): number {
    return this.#level + this.#shift;
  }

  /** Adds the score of a frame. Returns whether it raises an alarm. */
  push(score: number): boolean {
    const raised = this.#refractoryLeft === 0 && score > 0 && score >= this.threshold;
    this.alarmed = raised || (this.alarmed && score >= Math.max(this.threshold - hysteresis, normalScore));
    this.#shift += shiftGain * ((raised ? 1 : 0) - 1 / this.#meanInterval);
    if (this.#shift > maxShift) this.#shift = maxShift;
    else if (this.#shift < minShift) this.#shift = minShift;
    if (raised) this.#refractoryLeft = this.#refractory;
    else if (this.#refractoryLeft > 0) this.#refractoryLeft--;
    return raised;
  }

  save(): State {
    return { numbers: Float64Array.of(this.#shift, this.#refractoryLeft, Number(this.alarmed)) };
  }

  restore(state: State): void {
    const numbers = doublesIn(state, 'numbers', 3);
    [this.#shift, this.#refractoryLeft] = numbers;
    this.alarmed = numbers[2] === 1;
  }
}
