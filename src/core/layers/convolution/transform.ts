/**
 * A fast Fourier transform of fixed size. Complex numbers are interleaved (re, im, re, im, …), as in the package
 * fft.js.
 */
export interface Transform {
  /** Writes Σ_t x[t] exp(-2πi ft / size) for f = 0 … size / 2 to the beginning of `out`, which has room for all f. */
  realTransform(out: Float64Array, x: Float64Array): void;
  /** Writes the transform of complex numbers, for all f. */
  transform(out: Float64Array, x: Float64Array): void;
}

/** Creates a transform of `size` numbers, a power of two: `(size) => new FFT(size)`. */
export type MakeTransform = (size: number) => Transform;
