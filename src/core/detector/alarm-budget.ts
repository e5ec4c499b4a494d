import { invalid } from '../check.ts';
import { doublesIn, type State } from '../state/state.ts';
import { normalScore } from './calibration.ts';

/** How often a detector may be wrong: '1/month', '2/week', or as mean frames between two false alarms. */
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

/** Mean frames between two false alarms by default, where a stream has no rate: 1 in 10 000. */
const irregularDefault = 10_000;

/** Throws unless `rate` is one. */
export function checkFalseAlarms(rate: FalseAlarms): void {
  if (typeof rate === 'number') checkedFrames(rate);
  else secondsBetween(rate);
}

/**
 * Mean frames between two false alarms, of a stream of `hz` frames a second.
 * Throws where alarms are counted by time and the stream has no rate.
 */
export function framesBetween(rate: FalseAlarms | undefined, hz: number): number {
  if (typeof rate === 'number') return checkedFrames(rate);
  if (hz > 0) return Math.max(1, secondsBetween(rate ?? '1/month') * hz);
  if (rate === undefined) return irregularDefault;
  throw invalid('block.rate', `a number > 0 in Hz for falseAlarms '${rate}' (irregular: give frames between two)`, hz);
}

function checkedFrames(frames: number): number {
  if (!(frames >= 1 && frames < Infinity)) throw invalid('falseAlarms', 'a number >= 1 in frames between two', frames);
  return frames;
}

function secondsBetween(rate: string): number {
  const parts = /^(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(rate);
  const count = Number(parts?.[1]);
  const unit = secondsPer.get(parts?.[2] ?? '');
  if (unit === undefined || !(count > 0 && count < Infinity))
    throw invalid('falseAlarms', `a count a ${[...secondsPer.keys()].join(', ')}, such as '1/month'`, rate, TypeError);
  return unit / count;
}

/** How far an alarm raises the threshold, and how far it may go from the score's own word, in decades. */
const shiftGain = 0.6;
const minShift = -3;
const maxShift = 1;
/** Frames between two alarms at least, and of the mean time between two at most. */
const maxRefractory = 60;
const refractoryShare = 0.25;
/** How far below the threshold a score still belongs to the alarm before it, in decades. */
const hysteresis = 1;

/**
 * Raises alarms at a rate that holds:
 *
 *     alarm when score >= log10 T + δ;    δ ← δ + 0.6 (alarm - 1/T)   every frame, -3 <= δ <= 1
 *
 * T is the mean time between two in frames. The score says how rare a frame is; δ puts right, by the alarms that were
 * raised, what it says wrongly of this stream: over many T the rate is 1/T whatever the stream does, as long as δ finds
 * room (I. Gibbs and E. Candès, "Adaptive conformal inference under distribution shift", 2021). What the score calls ten
 * times as rare as T always raises an alarm. After one it rests for 60 frames, or T/4 where that is shorter.
 */
export class AlarmBudget {
  /** Whether the frame pushed last raised an alarm, or goes on with one: it scored no more than a decade below the threshold. */
  alarmed = false;
  readonly #meanInterval: number;
  readonly #level: number;
  readonly #refractory: number;
  #shift = 0;
  #refractoryLeft = 0;

  /** @param between mean frames between two alarms */
  constructor(between: number) {
    this.#meanInterval = between;
    this.#level = Math.log10(between);
    this.#refractory = Math.floor(Math.min(maxRefractory, refractoryShare * between));
  }

  /** The score that raises an alarm now. */
  get threshold(): number {
    return this.#level + this.#shift;
  }

  /** Whether a frame of this score raises an alarm. */
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
