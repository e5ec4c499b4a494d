import { integer, invalid } from '../check.ts';
import type { WeightedGradients } from './linear.ts';
import { framesOf } from './padding.ts';

/** The spec of a transposed convolution, which gives S outputs for every input frame. */
export interface ReferenceConvTranspose1d {
  inChannels: number;
  outChannels: number;
  kernelSize: number;
  /** S: outputs per input frame; default 1. */
  stride?: number;
  /** D: outputs between taps; default 1. */
  dilation?: number;
  /**
   * Number of groups that input and output channels are divided into. Each group reads only its own channels. Default
   * 1.
   */
  groups?: number;
}

/**
 * Transposed convolution of a whole recording x, [frames, in], with weights w, [out, taps, in/groups], and a bias [out]
 * or null. Returns a new array [outputs, out]. Every input frame adds its kernel to the outputs, starting at nS:
 *
 *     y[t, o] = b[o] + Σ_n Σ_k Σ_c w[o, k, c] x[n, c]          over nS + kD = t
 *
 * m frames give the outputs 0 … (m-1)S + (K-1)D and at least mS of them; 0 frames give none. ∂L/∂x of a convolution has
 * this form. Throws RangeError if shapes do not fit.
 */
export function convTranspose1d(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  b: ArrayLike<number> | null,
  layer: ReferenceConvTranspose1d,
): Float64Array {
  const { C, I, O, K, S, D, frames, outputs, firstChannel } = layout(x, w, layer);
  const y = new Float64Array(outputs * O);
  for (let t = 0; t < outputs; t++) for (let o = 0; o < O; o++) y[t * O + o] = b ? b[o] : 0;
  for (let n = 0; n < frames; n++) {
    for (let o = 0; o < O; o++) {
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < I; c++) {
          y[(n * S + k * D) * O + o] += w[(o * K + k) * I + c] * x[n * C + firstChannel(o) + c];
        }
      }
    }
  }
  return y;
}

/**
 * Returns the gradients of `convTranspose1d` for g = ∂L/∂y, [outputs, out].
 *
 *     ∂L/∂w[o, k, c] = Σ_n g[nS + kD, o] x[n, c]      ∂L/∂b[o] = Σ_t g[t, o]
 *     ∂L/∂x[n, c]    = Σ_o Σ_k g[nS + kD, o] w[o, k, c]
 */
export function convTranspose1dGradients(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  g: ArrayLike<number>,
  layer: ReferenceConvTranspose1d,
): WeightedGradients {
  const { C, I, O, K, S, D, frames, outputs, firstChannel } = layout(x, w, layer);
  if (g.length !== outputs * O) throw invalid('g.length', `${outputs} outputs x ${O} channels`, g.length);
  const [input, weight, bias] = [x, w, { length: O }].map(({ length }) => new Float64Array(length));
  for (let t = 0; t < outputs; t++) for (let o = 0; o < O; o++) bias[o] += g[t * O + o];
  for (let n = 0; n < frames; n++) {
    for (let o = 0; o < O; o++) {
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < I; c++) {
          const at = n * C + firstChannel(o) + c;
          weight[(o * K + k) * I + c] += g[(n * S + k * D) * O + o] * x[at];
          input[at] += g[(n * S + k * D) * O + o] * w[(o * K + k) * I + c];
        }
      }
    }
  }
  return { input, weight, bias };
}

function layout(x: ArrayLike<number>, w: ArrayLike<number>, layer: ReferenceConvTranspose1d) {
  const C = integer('inChannels', layer.inChannels, 1);
  const O = integer('outChannels', layer.outChannels, 1);
  const K = integer('kernelSize', layer.kernelSize, 1);
  const S = integer('stride', layer.stride ?? 1, 1);
  const D = integer('dilation', layer.dilation ?? 1, 1);
  const groups = integer('groups', layer.groups ?? 1, 1);
  if (C % groups !== 0 || O % groups !== 0)
    throw invalid('groups', `a divisor of ${C} input and ${O} output channels`, groups);
  const I = C / groups;
  if (w.length !== O * K * I) throw invalid('w.length', `${O} kernels x ${K} taps x ${I} channels`, w.length);
  const frames = framesOf('x', x, C);
  const outputs = frames === 0 ? 0 : Math.max(frames * S, (frames - 1) * S + (K - 1) * D + 1);
  return { C, I, O, K, S, D, frames, outputs, firstChannel: (o: number) => Math.floor(o / (O / groups)) * I };
}
