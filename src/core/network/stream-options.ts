import type { MakeTransform } from '../layers/convolution/transform.ts';

/** What a stream keeps, and how it begins. */
export interface StreamOptions {
  /** Keep what `backward` needs. Default false: nothing is kept for it. */
  gradients?: boolean;
  /** Outputs that may wait for their gradient. Default 1024. */
  maxPending?: number;
  /**
   * Let `prepare` do what the next output needs of the frames that have come, so that less is left to do when its frame arrives. Default
   * false.
   */
  eager?: boolean;
  /** Nobody reads ∂L/∂x of the input: what `backward` returns has no meaning. Default false. @internal */
  skipInputGradient?: boolean;
  /** Begin as if the first frame had always been there: 'edge' padding on every layer. Default false. */
  prewarm?: boolean;
  /**
   * Makes a fast Fourier transform of `size` numbers, `(size) => new FFT(size)`, which long kernels go by in blocks that are worth it (see
   * `fftFrom` of `plan`). Outputs are then equal to about 1e-6 of the largest near them, not to the bit, and hang in their last
   * digits on how the stream is cut. Not with `gradients`. Default: none.
   */
  fft?: MakeTransform;
}
