/** A fast Fourier transform of one size. Complex numbers lie re, im, re, im …; the package fft.js is such a one. */
export interface Transform {
  /** Writes Σ_t x[t] exp(-2πi ft / size) for f = 0 … size / 2 to the front of `out`, which has room for all. */
  realTransform(out: Float64Array, x: Float64Array): void;
  /** The same of complex numbers, for all f. */
  transform(out: Float64Array, x: Float64Array): void;
}

/** Makes a transform of `size` numbers, a power of two: `(size) => new FFT(size)`. */
export type MakeTransform = (size: number) => Transform;
