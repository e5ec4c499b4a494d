import type { Conv1dShape } from './packed-kernels.ts';

/** The parameters of a convolution by FFT. */
export interface FftRule {
  /** Frames per transform. */
  readonly size: number;
  /** Number of outputs per call from which the FFT is faster. */
  readonly minOutputs: number;
  /** Frames that the delay line appends at once, so that one transform is filled. */
  readonly block: number;
  /** Memory of spectra and transform in bytes, not counting the delay line. */
  readonly bytes: number;
}

/** A transform never pays for fewer taps or fewer outputs per call than this. */
const minTaps = 64;
/**
 * The cost of one of N log N steps of a real transform, and of a complex product, in multiply-adds of the direct
 * method.
 */
const stepCost = 24;
const productCost = 64;
/** The minimum speedup, because the FFT gives different bits. */
const minSpeedup = 1.5;

/**
 * Returns the FFT parameters for a dense convolution with a long kernel, or undefined if the FFT never pays. Estimated
 * cost in multiply-adds:
 *
 *     by FFT      24 N log2 N (C + O) + 64 (N/2 + 1) C O        N = 2^i ≥ 3K;  O rounded up to even (shared inverse transform)
 *     directly    n K C O                                       O rounded up to a multiple of 4 if O mod 4 = 3
 *
 * The constants were measured against the WebAssembly kernels (`bench/fft.ts`). The FFT is used for at least 1.5 times
 * as many outputs n as make both costs equal. The first call also transforms the kernels, which costs about as much as a
 * direct segment.
 */
export function fftRule(shape: Conv1dShape): FftRule | undefined {
  const { inChannels, outChannels, kernelSize, stride, dilation, groups } = shape;
  if (dilation > 1 || groups > 1 || kernelSize < minTaps) return undefined;
  const power = Math.ceil(Math.log2(3 * kernelSize));
  const size = 2 ** power;
  const bins = size / 2 + 1;
  const even = 2 * Math.ceil(outChannels / 2);
  const cost = stepCost * size * power * (inChannels + even) + productCost * bins * inChannels * even;
  const direct = kernelSize * inChannels * (outChannels + Number(outChannels % 4 === 3));
  const minOutputs = Math.max(minTaps, Math.ceil((minSpeedup * cost) / direct));
  const block = size - kernelSize + 1;
  if (minOutputs > Math.floor(block / stride)) return undefined;
  // one channel and one pair of outputs, in both domains; all channels; all kernels; the transform's own tables
  const bytes = 40 * size + 16 * bins * inChannels + 8 * bins * inChannels * even + 24 * size;
  return { size, minOutputs, block, bytes };
}
