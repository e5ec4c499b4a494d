import { invalid } from '../check.ts';
import { framesOf } from './padding.ts';

/** The gradients of a layer with a weight and a bias. */
export interface WeightedGradients {
  /** ∂L/∂x, [frames, in]. */
  input: Float64Array;
  /** ∂L/∂w, in the shape of w. */
  weight: Float64Array;
  /** ∂L/∂b, [out]. */
  bias: Float64Array;
}

/** The spec of a linear layer, which mixes the channels of each frame. */
export interface Linear {
  inChannels: number;
  outChannels: number;
}

/**
 * Multiplies every frame of x, [frames, in], by a matrix w, [out, 1, in], and adds b, [out] or null. Returns [frames, out].
 *
 *     y[n, o] = b[o] + Σ_c w[o, c] x[n, c]
 *
 * Throws RangeError if shapes do not fit.
 */
export function linear(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  b: ArrayLike<number> | null,
  { inChannels: I, outChannels: O }: Linear,
): Float64Array {
  const frames = framesOf('x', x, I);
  if (w.length !== O * I) throw invalid('w.length', `${O} kernels x ${I} channels`, w.length);
  const y = new Float64Array(frames * O);
  for (let n = 0; n < frames; n++) {
    for (let o = 0; o < O; o++) {
      y[n * O + o] = b ? b[o] : 0;
      for (let c = 0; c < I; c++) y[n * O + o] += w[o * I + c] * x[n * I + c];
    }
  }
  return y;
}

/**
 * Returns the gradients of `linear` for g = ∂L/∂y, [frames, out].
 *
 *     ∂L/∂w[o, c] = Σ_n g[n, o] x[n, c]      ∂L/∂b[o] = Σ_n g[n, o]      ∂L/∂x[n, c] = Σ_o g[n, o] w[o, c]
 */
export function linearGradients(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  g: ArrayLike<number>,
  { inChannels: I, outChannels: O }: Linear,
): WeightedGradients {
  const frames = framesOf('x', x, I);
  if (g.length !== frames * O) throw invalid('g.length', `${frames} outputs x ${O} channels`, g.length);
  const [input, weight, bias] = [x, w, { length: O }].map(({ length }) => new Float64Array(length));
  for (let n = 0; n < frames; n++) {
    for (let o = 0; o < O; o++) {
      bias[o] += g[n * O + o];
      for (let c = 0; c < I; c++) {
        weight[o * I + c] += g[n * O + o] * x[n * I + c];
        input[n * I + c] += g[n * O + o] * w[o * I + c];
      }
    }
  }
  return { input, weight, bias };
}
