import { integer, oneOf, positive } from '../check.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import { Network } from '../network/network.ts';
import { eegBands, eegBank, type Bands } from './eeg-bank.ts';

/** Options of `bandPower`. */
export interface BandPowerOptions {
  /** Number of channels of the signal. */
  channels: number;
  /** Sampling rate of the signal in Hz. */
  rate: number;
  /** Default: `eegBands`. */
  bands?: Bands;
  /** Approximate output rate in Hz. The stride is rounded to a whole number of frames. Default 10. */
  outRate?: number;
  /** 'log' = ln P, 'dB' = 10 log10 P, where P is in the signal's unit squared. Default 'dB'. */
  unit?: 'log' | 'dB';
  /** The minimum of P. Lower values are replaced by it. Default 1e-6. */
  floor?: number;
}

interface Tensor {
  shape: number[];
  data: Float32Array;
}

/**
 * A network that computes the power of every channel in every band. Output channel = band · channels + channel.
 *
 *     Gabor pairs → square → average over one output's time → ½ (cos² + sin²) → log (→ dB)
 *
 * A sine of amplitude A at the center of a band gives P = A² / 2 in that band. At a distance of d Hz, P is lower by the
 * factor 2^(-2 (d/h)²), where h is half the bandwidth: 0.25 at the edges, 0.95 (-0.24 dB) at 10 Hz in alpha. The pairs
 * are summed after averaging, which gives the same result at a lower cost. The kernels sum to 0, so an offset has no
 * effect. Throws RangeError for a band outside 0 … rate / 2.
 */
export function bandPower(options: BandPowerOptions): Network {
  const channels = integer('channels', options.channels, 1);
  const rate = positive('rate', options.rate, 'Hz');
  const total = Math.max(1, Math.round(rate / positive('outRate', options.outRate ?? 10, 'Hz')));
  const unit = oneOf('unit', options.unit ?? 'dB', ['log', 'dB']);
  const bands = options.bands ?? eegBands;
  const pairs = Object.values(eegBank({ rate, bands }));
  const widest = Math.max(...Object.values(bands).map(([low, high]) => high - low));
  const stride = envelopeStride(total, rate / (2 * widest));
  const rows = pairs.length * channels;
  const gaborKernels = gaborWeights(pairs, channels);
  const layers: LayerSpec[] = [
    { type: 'conv1d', outChannels: 2 * rows, kernelSize: gaborKernels.shape[1], stride, groups: channels, bias: false },
    { type: 'square' },
    { type: 'avgPool', kernelSize: total / stride },
    { type: 'conv1d', outChannels: rows, kernelSize: 1, bias: false },
    { type: 'log', alpha: positive('floor', options.floor ?? 1e-6) },
  ];
  const weights: Record<string, Tensor> = {
    'layers.0.weight': gaborKernels,
    'layers.3.weight': pairSumWeights(pairs.length, channels),
  };
  if (unit === 'dB') {
    layers.push({ type: 'conv1d', outChannels: rows, kernelSize: 1, groups: rows, bias: false });
    weights['layers.5.weight'] = { shape: [rows, 1, 1], data: new Float32Array(rows).fill(10 / Math.LN10) };
  }
  return Network.create({ inChannels: channels, layers }, { weights });
}

/**
 * Returns the largest divisor of `total` up to `limit`. At that stride, power that varies no faster than the bandwidth
 * is preserved.
 */
function envelopeStride(total: number, limit: number): number {
  let stride = Math.max(1, Math.min(total, Math.floor(limit)));
  while (total % stride !== 0) stride--;
  return stride;
}

/** Returns the weights that apply all kernels to every channel, [(channel, band, cos | sin), taps, 1]. */
function gaborWeights(pairs: readonly { cos: Float64Array; sin: Float64Array }[], channels: number): Tensor {
  const taps = pairs[0].cos.length;
  const data = new Float32Array(channels * pairs.length * 2 * taps);
  for (let c = 0; c < channels; c++) {
    pairs.forEach(({ cos, sin }, b) => {
      const row = 2 * (c * pairs.length + b);
      data.set(cos, row * taps);
      data.set(sin, (row + 1) * taps);
    });
  }
  return { shape: [channels * pairs.length * 2, taps, 1], data };
}

/** Returns the weights for half the sum of each pair, [(band, channel), 1, (channel, band, cos | sin)]. */
function pairSumWeights(bands: number, channels: number): Tensor {
  const rows = bands * channels;
  const data = new Float32Array(rows * 2 * rows);
  for (let b = 0; b < bands; b++) {
    for (let c = 0; c < channels; c++) {
      const at = (b * channels + c) * 2 * rows + 2 * (c * bands + b);
      data.fill(0.5, at, at + 2);
    }
  }
  return { shape: [rows, 1, 2 * rows], data };
}
