import { integer, invalid, positive } from '../check.ts';

/**
 * A second-order recursive filter in scipy's form: y[t] = Σ_i b[i] x[t-i] - Σ_{i>0} a[i] y[t-i], a[0] = 1.
 */
export interface Section {
  /** Coefficients of the input, newest sample first. */
  readonly b: readonly [b0: number, b1: number, b2: number];
  /** Coefficients of the output, newest sample first. a0 is 1. */
  readonly a: readonly [a0: 1, a1: number, a2: number];
}

/**
 * Designs a notch filter: gain 0 at `hz`, 1 far from it, and -3 dB at hz ± hz / 2q. Equals scipy.signal.iirnotch(hz, q, fs=rate).
 *
 * Rings for about q / (π hz) seconds: 0.16 s at 60 Hz and the default q of 30. Throws RangeError for hz outside
 * 0 … rate / 2.
 */
export function notch(hz: number, { rate, q = 30 }: { rate: number; q?: number }): Section {
  checkFrequency(hz, rate);
  const gain = 1 / (1 + Math.tan((Math.PI * hz) / rate / positive('q', q)));
  const turn = -2 * Math.cos((2 * Math.PI * hz) / rate);
  return { b: [gain, gain * turn, gain], a: [1, gain * turn, 2 * gain - 1] };
}

/**
 * Designs a second-order Butterworth high-pass filter: gain 0 at 0 Hz and -3 dB at `hz`.
 * Equals scipy.signal.butter(2, hz, 'high', fs=rate).
 *
 * Throws RangeError for hz outside 0 … rate / 2.
 */
export function butterworthHighPass(hz: number, { rate }: { rate: number }): Section {
  checkFrequency(hz, rate);
  const warped = Math.tan((Math.PI * hz) / rate);
  const scale = 1 + Math.SQRT2 * warped + warped ** 2;
  return {
    b: [1 / scale, -2 / scale, 1 / scale],
    a: [1, (2 * (warped ** 2 - 1)) / scale, (1 - Math.SQRT2 * warped + warped ** 2) / scale],
  };
}

/**
 * A causal cascade of second-order sections, applied to every channel of one stream. Equals scipy.signal.lfilter from rest.
 *
 *     y = b0 x + s1;   s1 ← b1 x - a1 y + s2;   s2 ← b2 x - a2 y          direct form II, transposed
 *
 * Sums and state are in double precision; only the output is float32. The bits do not depend on how the stream is
 * split. Because a recursive filter would never recover from NaN, non-finite samples do not enter it: their output is
 * NaN, and the state is updated as if the last finite sample of the channel (0 at first) had been repeated.
 */
export class Biquad {
  readonly #sections: readonly Section[];
  /** [channels, sections, 2] */
  #state = new Float64Array(0);
  /** Last finite sample of each channel. */
  #last = new Float64Array(0);

  /** Throws TypeError unless every section has three finite b and three finite a with a[0] = 1. */
  constructor(sections: Section | readonly Section[]) {
    this.#sections = 'b' in sections ? [sections] : [...sections];
    this.#sections.forEach(({ b, a }, i) => {
      const whole = [b, a].every((list) => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite));
      if (!whole || a[0] !== 1)
        throw invalid(`sections[${i}]`, '{ b, a } with 3 numbers each and a[0] = 1', { b, a }, TypeError);
    });
  }

  /**
   * Filters the next frames x, [frames, channels], into `out`, which may be x itself. Default: a new array that the
   * caller owns. Throws RangeError if the length is not a whole number of frames or the number of channels has changed.
   */
  push(x: Float32Array, channels: number, out: Float32Array = new Float32Array(x.length)): Float32Array {
    this.#prepare(x, channels, out);
    for (let i = 0; i < x.length; i++) {
      const channel = i % channels;
      const known = Number.isFinite(x[i]);
      if (known) this.#last[channel] = x[i];
      const y = this.#step(this.#last[channel], channel);
      out[i] = known ? y : NaN;
    }
    return out;
  }

  /** Resets the filter: the next frame is treated as the first of a stream. */
  reset(): void {
    this.#state = new Float64Array(0);
    this.#last = new Float64Array(0);
  }

  #step(sample: number, channel: number): number {
    const state = this.#state;
    let at = channel * this.#sections.length * 2;
    let x = sample;
    for (const { b, a } of this.#sections) {
      const y = b[0] * x + state[at];
      state[at] = b[1] * x - a[1] * y + state[at + 1];
      state[at + 1] = b[2] * x - a[2] * y;
      x = y;
      at += 2;
    }
    return x;
  }

  #prepare(x: Float32Array, channels: number, out: Float32Array): void {
    if (this.#last.length === 0) {
      this.#last = new Float64Array(integer('channels', channels, 1));
      this.#state = new Float64Array(channels * this.#sections.length * 2);
    }
    if (channels !== this.#last.length)
      throw invalid('channels', `${this.#last.length}, as in earlier calls`, channels);
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of the ${channels} channels`, x.length);
    if (out.length < x.length) throw invalid('out.length', `at least ${x.length}`, out.length);
  }
}

function checkFrequency(hz: number, rate: number): void {
  positive('rate', rate, 'Hz');
  if (!(hz > 0 && hz < rate / 2)) throw invalid('hz', `> 0 and < ${rate / 2} Hz (half the sampling rate)`, hz);
}
