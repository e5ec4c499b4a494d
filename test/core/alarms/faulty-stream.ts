import type { Block } from '../../../src/core/blocks/block.ts';
import { random } from '../../../src/core/random.ts';

/** A seeded stream of noise with level shifts, spikes, flatlines, drift, NaN, invalid frames, and gaps. */
export class FaultyStream {
  readonly #channels: number;
  readonly #rate: number;
  readonly #data: Float32Array;
  readonly #valid: Uint8Array;
  /** Absolute index of every frame. */
  readonly #indexes: Float64Array;

  /** Faults last about as long in seconds at any rate above 10 Hz, and in frames below it. */
  constructor(frames: number, channels: number, rate: number, seed: number) {
    const chance = random(seed);
    const second = Math.max(1, rate / 10);
    const happens = (probability: number) => chance.uniform() < probability / second;
    const lasts = (most: number) => Math.ceil(most * second * chance.uniform());
    const faults = Array.from({ length: channels }, () => ({ level: 0, flat: 0, missing: 0 }));
    this.#channels = channels;
    this.#rate = rate;
    this.#data = new Float32Array(frames * channels);
    this.#valid = new Uint8Array(frames).fill(1);
    this.#indexes = new Float64Array(frames);
    let invalid = 0;
    let missing = 0;
    for (let t = 0; t < frames; t++) {
      if (happens(0.0005)) invalid = lasts(100);
      if (invalid-- > 0) this.#valid[t] = 0;
      if (happens(0.0008)) missing += lasts(chance.uniform() < 0.3 ? 4000 : 12);
      this.#indexes[t] = t + missing;
      for (const [c, fault] of faults.entries()) {
        if (happens(0.0006)) fault.level = chance.uniform() < 0.5 ? 0 : 30 * chance.normal();
        if (happens(0.0004)) fault.flat = lasts(500);
        if (happens(0.0004)) fault.missing = lasts(300);
        if (c === 0 && t > frames / 2) fault.level += 0.002 / second;
        const spike = happens(0.001) ? 100 : 0;
        const noise = 20 + fault.level + chance.normal() + spike;
        const x = fault.flat-- > 0 ? 33 : noise;
        this.#data[t * channels + c] = fault.missing-- > 0 ? NaN : x;
      }
    }
  }

  /** Returns the stream in blocks of the given lengths, in turn. A gap ends a block. */
  inBlocks(lengths: readonly number[]): Block[] {
    const blocks: Block[] = [];
    const frames = this.#indexes.length;
    let from = 0;
    while (from < frames) {
      const end = Math.min(frames, from + lengths[blocks.length % lengths.length]);
      let to = from + 1;
      while (to < end && this.#indexes[to] === this.#indexes[to - 1] + 1) to++;
      blocks.push(this.#block(from, to));
      from = to;
    }
    return blocks;
  }

  #block(from: number, to: number): Block {
    const [channels, rate, start] = [this.#channels, this.#rate, this.#indexes[from]];
    const data = this.#data.slice(from * channels, to * channels);
    const valid = this.#valid.slice(from, to);
    const block = { data, channels, rate, start, time: (start * 1000) / rate };
    return valid.includes(0) ? { ...block, valid } : block;
  }
}
