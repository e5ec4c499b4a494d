import type { WfdbSignal } from './wfdb-header.ts';

/** The samples of one signal of a WFDB record. */
export class WfdbColumn {
  readonly signal: WfdbSignal;
  readonly #kept: boolean;
  #stored = new Int32Array(1024);
  #length = 0;
  #first = NaN;
  #last: number;
  #sum = 0;

  /** @param kept whether its samples are read, and not only checked */
  constructor(signal: WfdbSignal, kept: boolean) {
    this.signal = signal;
    this.#kept = kept;
    this.#last = signal.first ?? signal.zero;
  }

  /** Number of frames. */
  get frames(): number {
    return Math.floor(this.#length / this.signal.samples);
  }

  /** Adds the next number of the file: a sample, or its difference from the previous one. */
  add(number: number): void {
    const stored = this.signal.format.differences ? this.#last + number : number;
    this.#last = stored;
    if (this.#length === 0) this.#first = stored;
    this.#sum = (this.#sum + stored) | 0;
    if (this.#kept) {
      if (this.#length === this.#stored.length) {
        const longer = new Int32Array(2 * this.#length);
        longer.set(this.#stored);
        this.#stored = longer;
      }
      this.#stored[this.#length] = stored;
    }
    this.#length++;
  }

  /** Samples in physical units, without skew; the last ones of a skewed signal are missing. */
  physical(): Float32Array {
    const { gain, baseline, format, skew, samples } = this.signal;
    const physical = new Float32Array(this.#length).fill(NaN);
    for (let i = 0, at = skew * samples; at < this.#length; i++, at++)
      if (this.#stored[at] !== format.missing) physical[i] = (this.#stored[at] - baseline) / gain;
    return physical;
  }

  /** Notes on a first stored number or a checksum other than in the header. */
  differences(): string[] {
    const { first, checksum, label, skew } = this.signal;
    const sum = (this.#sum << 16) >> 16;
    const differs = (what: string, header: number, file: number) =>
      `The ${what} of ${label} is ${file}, but the header specifies ${header}. The file may be damaged.`;
    return [
      ...(first !== undefined && skew === 0 && first !== this.#first
        ? [differs('first stored number', first, this.#first)]
        : []),
      ...(checksum !== undefined && ((checksum - sum) & 0xffff) !== 0 ? [differs('checksum', checksum, sum)] : []),
    ];
  }
}
