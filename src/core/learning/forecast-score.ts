import { type State, stateIn } from '../state/state.ts';
import type { FrameRing } from './frame-ring.ts';
import { rivals, type Standing, Tally } from './running-errors.ts';

/** How well a learner does, from predictions made before their frame was learned: lately, and `overall` since the start. */
export interface Score extends Standing {
  readonly overall: Standing;
  /** Frames scored so far. */
  readonly frames: number;
}

/** How long 'lately' is: so many seconds, no fewer frames, and so many where the rate is irregular. */
const [seconds, leastFrames, irregularFrames] = [5, 100, 1000];
/** Frames of the moving average. */
const averaged = 8;

export interface ScoreOptions {
  readonly channels: number;
  /** Frames from the last known truth to the one that is predicted; 0: truths are not known beforehand. */
  readonly lead: number;
  /** Scored frames a second, in Hz: `lately` is 5 seconds of them, but 100 at least, and 1000 where the rate is irregular (0). */
  readonly rate: number;
  /** Of the mains, in Hz. */
  readonly mains: number;
}

/** How many frames before the last known truth the rivals look at. */
export const rivalReach: number = averaged;

/** Scores predictions against the truth, beside rivals that learn nothing. A rival whose frames are missing says what persistence says. */
export class ForecastScore {
  /** Scored frames a second, in Hz. */
  readonly rate: number;
  readonly #channels: number;
  readonly #lead: number;
  /** c of the mains rival; NaN = there is none. */
  readonly #turn: number;
  readonly #recent: Tally;
  readonly #overall: Tally;
  readonly #squares: Float64Array;

  constructor({ channels, lead, rate, mains }: ScoreOptions) {
    this.rate = rate;
    this.#channels = channels;
    this.#lead = lead;
    this.#turn = rate > 0 ? 2 * Math.cos((2 * Math.PI * mains) / rate) : NaN;
    this.#recent = new Tally(
      channels,
      -Math.expm1(-1 / (rate > 0 ? Math.max(leastFrames, seconds * rate) : irregularFrames)),
    );
    this.#overall = new Tally(channels, 0);
    this.#squares = new Float64Array(rivals.length * channels);
  }

  /** Scores one frame: what was `expected` of the truth of frame `truth`, and its loss. Without the last known truth it is not scored. */
  add(expected: Float32Array, truths: FrameRing, truth: number, loss: number): void {
    const [channels, lead, squares] = [this.#channels, this.#lead, this.#squares];
    const last = truth - lead;
    if (!truths.has(last)) return;
    const { data } = truths;
    const at = truths.offset(truth);
    const lasting = lead > 0 ? truths.offset(last) : -1;
    const before = lead > 0 && hasAll(truths, last, averaged);
    for (let c = 0; c < channels; c++) {
      const sample = data[at + c];
      const still = lasting < 0 ? this.#recent.mean(c) : data[lasting + c];
      squares[c] = (sample - expected[c]) ** 2;
      squares[channels + c] = (sample - still) ** 2;
      squares[2 * channels + c] = (sample - (before ? this.#average(truths, last, c) : still)) ** 2;
      squares[3 * channels + c] = (sample - (before ? this.#hum(truths, last, c) : still)) ** 2;
    }
    this.#recent.add(data, at, squares, loss);
    this.#overall.add(data, at, squares, loss);
  }

  get(): Score {
    return { ...this.#recent.get(this.#overall), overall: this.#overall.get(), frames: this.#overall.frames };
  }

  save(): State {
    return { recent: this.#recent.save(), overall: this.#overall.save() };
  }

  restore(state: State): void {
    this.#recent.restore(stateIn(state, 'recent'));
    this.#overall.restore(stateIn(state, 'overall'));
  }

  #average(truths: FrameRing, last: number, c: number): number {
    let sum = 0;
    for (let i = 0; i < averaged; i++) sum += truths.data[truths.offset(last - i) + c];
    return sum / averaged;
  }

  /** The constant and the sine go on for `lead` frames. */
  #hum(truths: FrameRing, last: number, c: number): number {
    const { data } = truths;
    let here = data[truths.offset(last) + c];
    let one = here - data[truths.offset(last - 1) + c];
    let two = data[truths.offset(last - 1) + c] - data[truths.offset(last - 2) + c];
    for (let step = 0; step < this.#lead; step++) {
      const next = this.#turn * one - two;
      here += next;
      two = one;
      one = next;
    }
    return here;
  }
}

function hasAll(truths: FrameRing, last: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (!truths.has(last - i)) return false;
  return true;
}
