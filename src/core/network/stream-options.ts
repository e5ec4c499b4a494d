import { invalid } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';

/** Options of `Network.stream`. */
export interface StreamOptions {
  /** Keep what `backward` needs. Default false. */
  gradients?: boolean;
  /** Maximum number of outputs without a gradient. Default 1024. */
  maxPending?: number;
  /**
   * Allow `prepare` to compute in advance what the next output needs of the frames received so far, so that less is left
   * to do when its frame arrives. Default false.
   */
  eager?: boolean;
  /**
   * Do not compute ∂L/∂x of the first layer. The rows that `backward` returns are then meaningless. Default false.
   * @internal
   */
  skipInputGradient?: boolean;
  /**
   * Start as if the first frame had been repeated forever before the stream: 'edge' padding on every layer. Default
   * false.
   */
  prewarm?: boolean;
  /**
   * Creates a fast Fourier transform of `size` numbers, such as `(size) => new FFT(size)`. Long kernels use it for blocks
   * that are long enough (see `fftFrom` of `plan`). Outputs then differ from the direct method by about 1e-6 of the
   * largest outputs nearby, and their last digits depend on how the stream is split. Cannot be combined with `gradients`.
   * Default: none.
   */
  fft?: MakeTransform;
}

/** Throws unless `fft` is undefined, or a function in a stream without gradients. */
export function checkFft(fft: unknown, gradients: boolean): void {
  if (fft === undefined) return;
  if (typeof fft !== 'function') throw invalid('fft', 'a function that creates a transform', fft, TypeError);
  if (gradients) throw invalid('gradients', 'false when fft is given', gradients, TypeError);
}
