import { integer, invalid, positive } from '../check.ts';

/**
 * A recursive filter of order 2, as scipy gives it: y[t] = Σ_i b[i] x[t-i] - Σ_{i>0} a[i] y[t-i], a[0] = 1.
 */
export interface Section {
  readonly b: readonly [b0: number, b1: number, b2: number];
  readonly a: readonly [a0: 1, a1: number, a2: number];
}

/**
 * A notch: gain 0 at `hz`, 1 far from it, -3 dB at hz ± hz / 2q. As scipy.signal.iirnotch(hz, q, fs=rate).
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
 * A Butterworth high-pass of order 2: gain 0 at 0 Hz, -3 dB at `hz`. As scipy.signal.butter(2, hz, 'high', fs=rate).
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
 * Sections one behind the other, on every channel of one stream, causal: as scipy.signal.lfilter from rest.
 *
 *     y = b0 x + s1;   s1 ← b1 x - a1 y + s2;   s2 ← b2 x - a2 y          direct form II, transposed
 *
 * Sums and state are in double precision; only what comes out is float32. The same bits however the stream is cut. A
 * recursion never forgets, so a sample that is not finite does not enter it: NaN comes out for it, and the state goes on
 * as if the last finite sample of the channel (at first 0) had come once more.
 */
export class Biquad {
  readonly #sections: readonly Section[];
  /** [channels, sections, 2] */
  #state = new Float64Array(0);
  /** The last finite sample of each channel. */
  #last = new Float64Array(0);

  /** Throws TypeError unless every section has three finite b and three finite a, a[0] = 1. */
  constructor(sections: Section | readonly Section[]) {
    this.#sections = 'b' in sections ? [sections] : [...sections];
    this.#sections.forEach(({ b, a }, i) => {
      const whole = [b, a].every((list) => Array.isArray(list) && list.length === 3 && list.every(Number.isFinite));
      if (!whole || a[0] !== 1) throw invalid(`sections[${i}]`, 'b and a of 3 numbers, a[0] = 1', { b, a }, TypeError);
    });
  }

  /**
   * Filters the next frames x, [frames, channels], into `out` (default: fresh, the caller's), which may be x itself.
   * Throws RangeError for a length that is no whole number of frames and for another number of channels than before.
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

  /** Forgets everything: the next frame is the first of a stream. */
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
    if (channels !== this.#last.length) throw invalid('channels', `${this.#last.length} as before`, channels);
    if (x.length % channels !== 0) throw invalid('x.length', `a multiple of its ${channels} channels`, x.length);
    if (out.length < x.length) throw invalid('out.length', `at least ${x.length}`, out.length);
  }
}

function checkFrequency(hz: number, rate: number): void {
  positive('rate', rate, 'Hz');
  if (!(hz > 0 && hz < rate / 2)) throw invalid('hz', `above 0 and below ${rate / 2} Hz, half the rate`, hz);
}
