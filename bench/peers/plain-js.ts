import type { Contestant } from '../contestant.ts';
import type { Convolution, Workload } from '../workloads.ts';

/**
 * The fastest loops in plain JavaScript that we know: double precision, because V8 then needs no conversion; contiguous
 * windows; and 8 kernels on one frame or 4 kernels on 2 frames per loop, so that each loaded sample or weight is used for
 * several sums. The number of kernels must be a multiple of 8.
 */
export function plainJs({ layers, blocks, step }: Workload): Contestant {
  let frames = step;
  const stages = layers.map((layer) => {
    const stage = new Stage(layer, frames);
    frames = Math.ceil(frames / layer.stride);
    return stage;
  });
  const inputs = blocks.map((block) => Float64Array.from(block));
  let at = 0;
  return {
    engine: 'plain JS loop',
    run(calls) {
      let out: Float64Array = inputs[0];
      let count = 0;
      for (let i = 0; i < calls; i++) {
        out = inputs[at];
        count = step;
        for (const stage of stages) {
          count = stage.push(out, count);
          out = stage.out;
        }
        at = (at + 1) & (inputs.length - 1);
      }
      return out.subarray(0, count * layers.at(-1)!.outChannels);
    },
  };
}

/** One convolution with its past frames, which move to the front of their array when it is full. */
class Stage {
  readonly out: Float64Array;
  readonly #layer: Convolution;
  readonly #by8: Float64Array;
  readonly #by4: Float64Array;
  readonly #bias: Float64Array;
  readonly #line: Float64Array;
  /** Slot of the next frame, and slot of the frame that the next output is aligned with. */
  #end: number;
  #aligned: number;

  constructor(layer: Convolution, frames: number) {
    const { inChannels, outChannels, taps, stride } = layer;
    this.out = new Float64Array(Math.ceil(frames / stride) * outChannels);
    this.#layer = layer;
    this.#by8 = packed(layer, 8);
    this.#by4 = packed(layer, 4);
    this.#bias = Float64Array.from(layer.bias);
    this.#line = new Float64Array(8 * (taps + frames) * inChannels);
    this.#end = taps - 1;
    this.#aligned = this.#end + stride - 1;
  }

  push(x: Float64Array, frames: number): number {
    const { inChannels, outChannels, taps, stride, relu } = this.#layer;
    const line = this.#line;
    if ((this.#end + frames) * inChannels > line.length) {
      const first = this.#end - (taps - 1);
      line.copyWithin(0, first * inChannels, this.#end * inChannels);
      this.#end -= first;
      this.#aligned -= first;
    }
    const at = this.#end * inChannels;
    for (let i = 0; i < frames * inChannels; i++) line[at + i] = x[i];
    this.#end += frames;
    const { out } = this;
    const window = taps * inChannels;
    let count = 0;
    for (; this.#aligned + stride < this.#end; count += 2, this.#aligned += 2 * stride) {
      const oldest = (this.#aligned - (taps - 1)) * inChannels;
      convolvePair(this.#by4, this.#bias, line, oldest, stride * inChannels, window, out, count * outChannels);
    }
    for (; this.#aligned < this.#end; count++, this.#aligned += stride) {
      const oldest = (this.#aligned - (taps - 1)) * inChannels;
      convolve(this.#by8, this.#bias, line, oldest, window, out, count * outChannels);
    }
    if (relu) for (let i = 0; i < count * outChannels; i++) if (out[i] < 0) out[i] = 0;
    return count;
  }
}

/** Packs weights as [out / width, window, width], oldest tap first. */
function packed({ weight, outChannels, inChannels, taps }: Convolution, width: number): Float64Array {
  const result = new Float64Array(weight.length);
  let at = 0;
  for (let first = 0; first < outChannels; first += width)
    for (let k = taps - 1; k >= 0; k--)
      for (let c = 0; c < inChannels; c++)
        for (let o = first; o < first + width; o++) result[at++] = weight[(o * taps + k) * inChannels + c];
  return result;
}

/** Computes the output of one window. */
function convolve(
  w: Float64Array,
  bias: Float64Array,
  x: Float64Array,
  oldest: number,
  window: number,
  y: Float64Array,
  to: number,
): void {
  for (let o = 0, k = 0; o < bias.length; o += 8) {
    let s0 = bias[o];
    let s1 = bias[o + 1];
    let s2 = bias[o + 2];
    let s3 = bias[o + 3];
    let s4 = bias[o + 4];
    let s5 = bias[o + 5];
    let s6 = bias[o + 6];
    let s7 = bias[o + 7];
    for (let j = oldest; j < oldest + window; j++, k += 8) {
      const v = x[j];
      s0 += w[k] * v;
      s1 += w[k + 1] * v;
      s2 += w[k + 2] * v;
      s3 += w[k + 3] * v;
      s4 += w[k + 4] * v;
      s5 += w[k + 5] * v;
      s6 += w[k + 6] * v;
      s7 += w[k + 7] * v;
    }
    const p = to + o;
    y[p] = s0;
    y[p + 1] = s1;
    y[p + 2] = s2;
    y[p + 3] = s3;
    y[p + 4] = s4;
    y[p + 5] = s5;
    y[p + 6] = s6;
    y[p + 7] = s7;
  }
}

/** Computes the outputs of two windows, `apart` numbers apart. */
function convolvePair(
  w: Float64Array,
  bias: Float64Array,
  x: Float64Array,
  oldest: number,
  apart: number,
  window: number,
  y: Float64Array,
  to: number,
): void {
  for (let o = 0, k = 0; o < bias.length; o += 4) {
    let s0 = bias[o];
    let s1 = bias[o + 1];
    let s2 = bias[o + 2];
    let s3 = bias[o + 3];
    let r0 = s0;
    let r1 = s1;
    let r2 = s2;
    let r3 = s3;
    for (let j = oldest; j < oldest + window; j++, k += 4) {
      const v = x[j];
      const u = x[j + apart];
      const w0 = w[k];
      const w1 = w[k + 1];
      const w2 = w[k + 2];
      const w3 = w[k + 3];
      s0 += w0 * v;
      s1 += w1 * v;
      s2 += w2 * v;
      s3 += w3 * v;
      r0 += w0 * u;
      r1 += w1 * u;
      r2 += w2 * u;
      r3 += w3 * u;
    }
    const p = to + o;
    y[p] = s0;
    y[p + 1] = s1;
    y[p + 2] = s2;
    y[p + 3] = s3;
    const q = p + bias.length;
    y[q] = r0;
    y[q + 1] = r1;
    y[q + 2] = r2;
    y[q + 3] = r3;
  }
}
