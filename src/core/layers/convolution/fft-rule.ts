import type { Conv1dShape } from './conv1d-shape.ts';

/** How a convolution goes by FFT, and from where on. */
export interface FftRule {
  /** Frames of one transform. */
  readonly size: number;
  /** Outputs that must come at once. */
  readonly minOutputs: number;
  /** Frames that the delay line takes at once, so that one transform is filled. */
  readonly block: number;
  /** Memory of spectra and transform beside the delay line. */
  readonly bytes: number;
}

/** Fewer taps, or fewer outputs at once, are never worth a transform. */
const minTaps = 64;
/** What one of N log N steps of a real transform costs, and a product of two complex numbers, in multiply-adds of the direct way. */
const stepCost = 24;
const productCost = 64;
/** How much less it must cost: other bits are not given for little. */
const minSpeedup = 1.5;

/**
 * Where a convolution is worth an FFT: dense, of a long kernel, by a count of what both ways cost,
 *
 *     by FFT      24 N log2 N (C + O) + 64 (N/2 + 1) C O        N = 2^i ≥ 3K;  O made even, two outputs share a way back
 *     directly    n K C O                                       O a multiple of 4, as kernels lie
 *
 * in multiply-adds, the constants measured (`bench/fft.ts`) against the WebAssembly kernels. It pays from n = 1.5 times as many outputs on as
 * make both equal. The first time, the kernels are transformed too, which costs about as much as a direct stretch.
 */
export function fftRule(shape: Conv1dShape): FftRule | undefined {
  const { inChannels, outChannels, kernelSize, stride, dilation, groups } = shape;
  if (dilation > 1 || groups > 1 || kernelSize < minTaps) return undefined;
  const power = Math.ceil(Math.log2(3 * kernelSize));
  const size = 2 ** power;
  const bins = size / 2 + 1;
  const even = 2 * Math.ceil(outChannels / 2);
  const cost = stepCost * size * power * (inChannels + even) + productCost * bins * inChannels * even;
  const direct = kernelSize * inChannels * 4 * Math.ceil(outChannels / 4);
  const from = Math.max(minTaps, Math.ceil((minSpeedup * cost) / direct));
  const block = size - kernelSize + 1;
  if (from > Math.floor(block / stride)) return undefined;
  // a channel and a pair of outputs, both ways; all channels; all kernels; what the transform has of its own
  const bytes = 40 * size + 16 * bins * inChannels + 8 * bins * inChannels * even + 24 * size;
  return { size, minOutputs: from, block, bytes };
}
