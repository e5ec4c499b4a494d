import { integer, invalid, positive } from '../check.ts';

/** What a Gabor pair is made from; `bandwidthHz`, `taps` or both must be given. */
export interface GaborOptions {
  /** Frames a second of the signal, in Hz. */
  rate: number;
  /** Full width at half amplitude (-6 dB), in Hz; default: what fills `taps` with three standard deviations a side. */
  bandwidthHz?: number;
  /** Kernel size; default: three standard deviations of the bell a side, an odd number. */
  taps?: number;
}

/** Two kernels a quarter of a period apart, [taps] each. */
export interface GaborPair {
  cos: Float64Array;
  sin: Float64Array;
}

/**
 * A Gabor pair: a bell times a cosine and times a sine, that hear one frequency with its phase.
 *
 *     cos[k] ~ g(u) (cos(2π f u / rate) - offset)     sin[k] ~ g(u) sin(2π f u / rate)     u = k - (taps - 1) / 2
 *
 * A sine A sin(φ) of the centre frequency comes out of the two as A sin(φ') and -A cos(φ'), φ' = its phase (taps - 1) / 2
 * frames ago: gain 1, so that ½ (cos² + sin²) is its power A² / 2 in every frame.
 *
 * Both kernels sum to exactly 0: each tap is a whole multiple of one power of two (about 2^-22), few enough of them
 * that any sum of taps, in any order, in float32 or in double precision, has no rounding error.
 *
 * Throws RangeError for a centre outside 0 … rate / 2 and for fewer taps than such a pair needs.
 */
export function gabor(centerHz: number, options: GaborOptions): GaborPair {
  const rate = positive('rate', options.rate, 'Hz');
  const { sigma, taps } = envelope(options, rate);
  if (!(centerHz > 0 && centerHz < rate / 2)) throw invalid('centerHz', `above 0 and below ${rate / 2} Hz`, centerHz);
  const middle = (taps - 1) / 2;
  const bell = (u: number): number => Math.exp(-0.5 * (u / sigma) ** 2);
  const angle = (u: number): number => (2 * Math.PI * centerHz * u) / rate;
  const u = Float64Array.from({ length: taps }, (_, k) => k - middle);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const offset = sum(u.map((v) => bell(v) * Math.cos(angle(v)))) / sum(u.map(bell));
  const cos = u.map((v) => bell(v) * (Math.cos(angle(v)) - offset));
  const sin = u.map((v) => bell(v) * Math.sin(angle(v)));
  const heard = {
    cos: sum(cos.map((tap, k) => tap * Math.cos(angle(u[k])))),
    sin: sum(sin.map((tap, k) => tap * Math.sin(angle(u[k])))),
  };
  return { cos: onGrid(cos, heard.cos), sin: onGrid(sin, heard.sin) };
}

function envelope({ bandwidthHz, taps }: GaborOptions, rate: number): { sigma: number; taps: number } {
  if (taps !== undefined) integer('taps', taps, 3);
  if (bandwidthHz === undefined) {
    if (taps === undefined) throw invalid('bandwidthHz', 'given where taps is not', bandwidthHz, TypeError);
    return { sigma: (taps - 1) / 6, taps };
  }
  const sigma = (Math.sqrt(2 * Math.LN2) * rate) / (Math.PI * positive('bandwidthHz', bandwidthHz, 'Hz'));
  return { sigma, taps: taps ?? 2 * Math.max(1, Math.ceil(3 * sigma)) + 1 };
}

/**
 * The kernel over `gain`, rounded to a grid so coarse that the sum of all |taps| is at most 2^24 steps, which float32
 * counts one by one; what is left of its sum is taken from its middle.
 */
function onGrid(kernel: Float64Array, gain: number): Float64Array {
  const size = kernel.reduce((sum, tap) => sum + Math.abs(tap / gain), 0);
  if (!(size > 0 && size < 1e6)) throw invalid('taps', 'enough for the frequency and the bandwidth', kernel.length);
  const steps = 2 ** (23 - Math.ceil(Math.log2(size)));
  const grid = kernel.map((tap) => Math.sign(tap / gain) * Math.round(Math.abs(tap / gain) * steps));
  const left = grid.reduce((sum, tap) => sum + tap, 0);
  const middle = kernel.length >> 1;
  if (kernel.length % 2 === 1) grid[middle] -= left;
  else {
    grid[middle] -= left / 2;
    grid[middle - 1] -= left / 2;
  }
  return grid.map((tap) => tap / steps);
}
