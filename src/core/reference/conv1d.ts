import { integer, invalid } from '../check.ts';
import type { Mode } from '../layers/windowing.ts';
import { anchorOf, outputsOf } from './alignment.ts';
import type { WeightedGradients } from './linear.ts';
import { framesOf, padded, type ReferencePadding } from './padding.ts';

/** The spec of a convolutional layer. */
export interface ReferenceConv1d extends ReferencePadding {
  /** Number of channels per input frame. */
  inChannels: number;
  /** Number of channels per output frame. */
  outChannels: number;
  /** K: number of taps. */
  kernelSize: number;
  /** S: input frames per output; default 1. */
  stride?: number;
  /** D: frames between taps; default 1. */
  dilation?: number;
  /**
   * Number of groups that input and output channels are divided into. Each group reads only its own channels. Default
   * 1.
   */
  groups?: number;
  /** f of a causal layer, 0 … S-1. Default 0. */
  phase?: number;
  /** Default 'causal'. */
  mode?: Mode;
}

/**
 * Convolution of a whole recording x, [frames, in], with weights w, [out, taps, in/groups] in lag order, and a bias
 * [out] or null. Returns a new array [outputs, out].
 *
 *     y[n, o] = b[o] + Σ_k Σ_c w[o, k, c] x[nS + f - kD, c]          equation (2)
 *
 * The padding defines x outside the recording. Throws RangeError if shapes do not fit.
 */
export function conv1d(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  b: ArrayLike<number> | null,
  layer: ReferenceConv1d,
): Float64Array {
  const { I, O, K, S, D, f, outputs, firstChannel } = layout(x, w, b, layer);
  const input = padded(x, layer.inChannels, layer);
  const y = new Float64Array(outputs * O);
  for (let n = 0; n < outputs; n++) {
    for (let o = 0; o < O; o++) {
      let sum = b ? b[o] : 0;
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < I; c++) {
          sum += w[(o * K + k) * I + c] * input.at(n * S + f - k * D, firstChannel(o) + c);
        }
      }
      y[n * O + o] = sum;
    }
  }
  return y;
}

/**
 * Returns the gradients of `conv1d` for g = ∂L/∂y, [outputs, out].
 *
 *     ∂L/∂w[o, k, c] = Σ_n g[n, o] x[nS + f - kD, c]                       equation (4)
 *     ∂L/∂b[o]       = Σ_n g[n, o]
 *     ∂L/∂x[t, c]    = Σ_o Σ_k g[n, o] w[o, k, c]   over nS + f - kD = t    equation (5)
 *
 * A frame that the padding copies also receives the gradient of its copies. Constants, means, and medians pass none.
 * Throws RangeError if shapes do not fit.
 */
export function conv1dGradients(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  g: ArrayLike<number>,
  layer: ReferenceConv1d,
): WeightedGradients {
  const { I, O, K, S, D, f, outputs, firstChannel } = layout(x, w, null, layer);
  if (g.length !== outputs * O) throw invalid('g.length', `${outputs} outputs x ${O} channels`, g.length);
  const recording = padded(x, layer.inChannels, layer);
  const input = new Float64Array(x.length);
  const weight = new Float64Array(w.length);
  const bias = new Float64Array(O);
  for (let n = 0; n < outputs; n++) {
    for (let o = 0; o < O; o++) {
      const gradient = g[n * O + o];
      bias[o] += gradient;
      for (let k = 0; k < K; k++) {
        const t = n * S + f - k * D;
        const source = recording.source(t);
        for (let c = 0; c < I; c++) {
          const channel = firstChannel(o) + c;
          weight[(o * K + k) * I + c] += gradient * recording.at(t, channel);
          if (source >= 0) input[source * layer.inChannels + channel] += gradient * w[(o * K + k) * I + c];
        }
      }
    }
  }
  return { input, weight, bias };
}

interface Layout {
  /** Input channels of one kernel. */
  I: number;
  O: number;
  K: number;
  S: number;
  D: number;
  f: number;
  outputs: number;
  /** The first input channel of kernel `o`. */
  firstChannel: (o: number) => number;
}

function layout(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  b: ArrayLike<number> | null,
  layer: ReferenceConv1d,
): Layout {
  const inChannels = integer('inChannels', layer.inChannels, 1);
  const O = integer('outChannels', layer.outChannels, 1);
  const K = integer('kernelSize', layer.kernelSize, 1);
  const S = integer('stride', layer.stride ?? 1, 1);
  const D = integer('dilation', layer.dilation ?? 1, 1);
  const groups = integer('groups', layer.groups ?? 1, 1);
  if (inChannels % groups !== 0 || O % groups !== 0)
    throw invalid('groups', `a divisor of ${inChannels} input and ${O} output channels`, groups);
  const I = inChannels / groups;
  if (w.length !== O * K * I) throw invalid('w.length', `${O} kernels x ${K} taps x ${I} channels`, w.length);
  if (b && b.length !== O) throw invalid('b.length', `${O}, one per output channel`, b.length);
  const anchor = anchorOf(layer.mode ?? 'causal', (K - 1) * D, S, layer.phase);
  const outputs = outputsOf(framesOf('x', x, inChannels), anchor, S);
  return { I, O, K, S, D, f: anchor.anchor, outputs, firstChannel: (o) => Math.floor(o / (O / groups)) * I };
}
