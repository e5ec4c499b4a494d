import { integer, invalid, positive } from '../check.ts';

/** Options of `gabor`. Either `bandwidthHz` or `taps` is required. */
export interface GaborOptions {
  /** Sampling rate in Hz. */
  rate: number;
  /** Full width at half amplitude (-6 dB), in Hz. Default: `taps` spans three standard deviations on each side. */
  bandwidthHz?: number;
  /** Kernel size. Default: three standard deviations of the Gaussian on each side, an odd number. */
  taps?: number;
}

/** Two kernels with a phase difference of a quarter period, [taps] each. */
export interface GaborPair {
  /** The even kernel, in lag order. */
  cos: Float64Array;
  /** The odd kernel, in lag order. */
  sin: Float64Array;
}

/**
 * A Gabor pair: a Gaussian multiplied by a cosine and by a sine, which measure the amplitude and phase of one frequency.
 *
 *     cos[k] ~ g(u) (cos(2π f u / rate) - offset)     sin[k] ~ g(u) sin(2π f u / rate)     u = k - (taps - 1) / 2
 *
 * For an input A sin(φ) at the center frequency, the outputs are A sin(φ') and -A cos(φ'), where φ' is the phase
 * (taps - 1) / 2 frames ago. The gain is 1, so ½ (cos² + sin²) is the power A² / 2 in every frame.
 *
 * Both kernels sum to exactly 0: each tap is an integer multiple of one power of two (about 2^-22), small enough that
 * sums of taps have no rounding error, in any order, in float32 and in double precision.
 *
 * Throws RangeError for a center frequency outside 0 … rate / 2 or too few taps.
 */
export function gabor(centerHz: number, options: GaborOptions): GaborPair {
  const rate = positive('rate', options.rate, 'Hz');
  const { sigma, taps } = envelope(options, rate);
  if (!(centerHz > 0 && centerHz < rate / 2)) throw invalid('centerHz', `> 0 and < ${rate / 2} Hz`, centerHz);
  const middle = (taps - 1) / 2;
  const bell = (u: number): number => Math.exp(-0.5 * (u / sigma) ** 2);
  const angle = (u: number): number => (2 * Math.PI * centerHz * u) / rate;
  const u = Float64Array.from({ length: taps }, (_, k) => k - middle);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const offset = sum(u.map((v) => bell(v) * Math.cos(angle(v)))) / sum(u.map(bell));
  const cos = u.map((v) => bell(v) * (Math.cos(angle(v)) - offset));
  const sin = u.map((v) => bell(v) * Math.sin(angle(v)));
  const gains = {
    cos: sum(cos.map((tap, k) => tap * Math.cos(angle(u[k])))),
    sin: sum(sin.map((tap, k) => tap * Math.sin(angle(u[k])))),
  };
  return { cos: onGrid(cos, gains.cos), sin: onGrid(sin, gains.sin) };
}

/** Returns the standard deviation of the Gaussian, in frames, and the kernel size. */
function envelope({ bandwidthHz, taps }: GaborOptions, rate: number): { sigma: number; taps: number } {
  if (taps !== undefined) integer('taps', taps, 3);
  if (bandwidthHz === undefined) {
    if (taps === undefined) throw invalid('bandwidthHz', 'given when taps is not given', bandwidthHz, TypeError);
    return { sigma: (taps - 1) / 6, taps };
  }
  const sigma = (Math.sqrt(2 * Math.LN2) * rate) / (Math.PI * positive('bandwidthHz', bandwidthHz, 'Hz'));
  return { sigma, taps: taps ?? 2 * Math.max(1, Math.ceil(3 * sigma)) + 1 };
}

/**
 * Divides the kernel by `gain` and rounds it to a grid. The sum of all |taps| is at most 2^24 grid steps, which float32
 * represents exactly. The remaining sum is subtracted from the middle of the kernel.
 */
function onGrid(kernel: Float64Array, gain: number): Float64Array {
  const size = kernel.reduce((sum, tap) => sum + Math.abs(tap / gain), 0);
  if (!(size > 0 && size < 1e6)) throw invalid('taps', 'large enough for the frequency and bandwidth', kernel.length);
  const steps = 2 ** (23 - Math.ceil(Math.log2(size)));
  const grid = kernel.map((tap) => Math.sign(tap / gain) * Math.round(Math.abs(tap / gain) * steps));
  const excess = grid.reduce((sum, tap) => sum + tap, 0);
  const middle = kernel.length >> 1;
  if (kernel.length % 2 === 1) grid[middle] -= excess;
  else {
    grid[middle] -= excess / 2;
    grid[middle - 1] -= excess / 2;
  }
  return grid.map((tap) => tap / steps);
}
