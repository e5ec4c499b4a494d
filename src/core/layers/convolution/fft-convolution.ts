import type { Transform, MakeTransform } from './transform.ts';
import { packedPlaces, type Conv1dShape } from './packed-kernels.ts';
import type { Engine } from '../../memory/engine.ts';

/**
 * Convolution by FFT, in segments of at most `size` frames ("overlap-save"):
 *
 *     y[n, o] = b[o] + IFFT(Σ_c FFT(x[·, c]) conj(FFT(v[o, ·, c])))[nS]          v oldest tap first; nS ≤ size - K
 *
 * Frames wrap around at the end of the segment, which only affects windows that begin after size - K. Two outputs share
 * one inverse transform, as its real and imaginary parts. Sums are in double precision and the spectra of kernels in
 * float32, so the error of an output is about 1e-7 of the largest outputs in its segment, even if the output itself is
 * small. Direct sums have the same error for the largest outputs. Segments with NaN are rejected, because a NaN would
 * affect the whole segment.
 */
export class FftConvolution {
  /** Maximum number of outputs of one segment. */
  readonly maxOutputs: number;
  readonly #engine: Engine;
  readonly #shape: Conv1dShape;
  readonly #size: number;
  readonly #transform: Transform;
  /** One channel, in time and as a spectrum, and two outputs, as a spectrum and in time. */
  readonly #frames: Float64Array;
  readonly #spectrum: Float64Array;
  readonly #pair: Float64Array;
  /**
   * Spectra of all channels, [bin, c, 2], and of all kernels, [o/2, bin, c, o mod 2, 2]. The latter include the factor
   * 1 / size of the inverse transform.
   */
  readonly #inputs: Float64Array;
  readonly #kernels: Float32Array;
  /** Whether all weights are finite. */
  #finite = false;

  constructor(engine: Engine, shape: Conv1dShape, size: number, make: MakeTransform) {
    const { inChannels, outChannels, kernelSize, stride } = shape;
    const bins = size / 2 + 1;
    this.maxOutputs = Math.floor((size - kernelSize) / stride) + 1;
    this.#engine = engine;
    this.#shape = shape;
    this.#size = size;
    this.#transform = make(size);
    this.#frames = new Float64Array(size);
    this.#spectrum = new Float64Array(2 * size);
    this.#pair = new Float64Array(2 * size);
    this.#inputs = new Float64Array(2 * bins * inChannels);
    this.#kernels = new Float32Array(4 * bins * inChannels * Math.ceil(outChannels / 2));
  }

  /** Transforms the packed kernels at offset `weight`. */
  setKernels(weight: number): void {
    const { inChannels, outChannels, kernelSize } = this.#shape;
    const size = this.#size;
    const place = packedPlaces(outChannels, 1, kernelSize * inChannels);
    const { f32 } = this.#engine.arena;
    let nonFinite = 0;
    this.#frames.fill(0, kernelSize);
    for (let o = 0; o < outChannels; o++) {
      for (let c = 0; c < inChannels; c++) {
        for (let k = 0; k < kernelSize; k++) {
          const tap = f32[weight + place(o, k * inChannels + c)];
          nonFinite += tap - tap;
          this.#frames[k] = tap;
        }
        this.#transform.realTransform(this.#spectrum, this.#frames);
        for (let bin = 0; bin <= size / 2; bin++) {
          const at = 4 * (((o >> 1) * (size / 2 + 1) + bin) * inChannels + c) + 2 * (o & 1);
          this.#kernels[at] = this.#spectrum[2 * bin] / size;
          this.#kernels[at + 1] = -this.#spectrum[2 * bin + 1] / size;
        }
      }
    }
    this.#finite = nonFinite === 0;
  }

  /**
   * Writes the outputs of `count` windows, the first at `x`, to `y`. Biases are at `b`, 0 if there are none. Returns
   * false, and writes nothing, if weights or frames are not all finite.
   */
  convolve(x: number, count: number, b: number, y: number): boolean {
    const { outChannels, stride } = this.#shape;
    const { f32 } = this.#engine.arena;
    if (!this.#finite || !this.#transformFrames(x, count)) return false;
    for (let o = 0; o < outChannels; o += 2) {
      this.#multiply(o >> 1);
      this.#transform.transform(this.#spectrum, this.#pair);
      const isPair = o + 1 < outChannels;
      const first = b && f32[b + o];
      const second = b && isPair ? f32[b + o + 1] : 0;
      for (let n = 0; n < count; n++) {
        const from = 2 * n * stride;
        f32[y + n * outChannels + o] = this.#spectrum[from + 1] + first;
        if (isPair) f32[y + n * outChannels + o + 1] = this.#spectrum[from] + second;
      }
    }
    return true;
  }

  /**
   * Computes the spectra of the frames in `count` windows, starting at `x`. Returns false if the frames are not all
   * finite.
   */
  #transformFrames(x: number, count: number): boolean {
    const { inChannels, kernelSize, stride } = this.#shape;
    const size = this.#size;
    const { f32 } = this.#engine.arena;
    const length = (count - 1) * stride + kernelSize;
    const [frames, spectrum, inputs] = [this.#frames, this.#spectrum, this.#inputs];
    frames.fill(0, length);
    for (let c = 0; c < inChannels; c++) {
      let nonFinite = 0;
      for (let i = 0; i < length; i++) {
        const sample = f32[x + i * inChannels + c];
        nonFinite += sample - sample;
        frames[i] = sample;
      }
      if (nonFinite !== 0) return false;
      this.#transform.realTransform(spectrum, frames);
      for (let bin = 0, at = 2 * c; bin <= size / 2; bin++, at += 2 * inChannels) {
        inputs[at] = spectrum[2 * bin];
        inputs[at + 1] = spectrum[2 * bin + 1];
      }
    }
    return true;
  }

  /**
   * Computes Σ_c X[c] W[o, c] of two outputs p, q as the spectrum of p + iq. Real and imaginary parts are exchanged: a
   * forward transform of that gives the inverse transform, exchanged again.
   */
  #multiply(pair: number): void {
    const { inChannels } = this.#shape;
    const size = this.#size;
    const [inputs, kernels, both] = [this.#inputs, this.#kernels, this.#pair];
    let w = 4 * pair * (size / 2 + 1) * inChannels;
    let x = 0;
    for (let bin = 0; bin <= size / 2; bin++) {
      let pr = 0;
      let pi = 0;
      let qr = 0;
      let qi = 0;
      for (let c = 0; c < inChannels; c++, x += 2, w += 4) {
        const re = inputs[x];
        const im = inputs[x + 1];
        pr += re * kernels[w] - im * kernels[w + 1];
        pi += re * kernels[w + 1] + im * kernels[w];
        qr += re * kernels[w + 2] - im * kernels[w + 3];
        qi += re * kernels[w + 3] + im * kernels[w + 2];
      }
      both[2 * bin] = pi + qr;
      both[2 * bin + 1] = pr - qi;
      if (bin === 0) continue;
      both[2 * (size - bin)] = qr - pi;
      both[2 * (size - bin) + 1] = pr + qi;
    }
  }
}
