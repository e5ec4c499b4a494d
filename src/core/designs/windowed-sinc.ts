import { integer, invalid, oneOf, positive } from '../check.ts';

/** The cosine series of each window: w[k] = Σ_i (-1)^i a_i cos(2π i k / (taps - 1)). */
const cosineSeries = {
  hamming: [0.54, 0.46],
  hann: [0.5, 0.5],
  blackman: [0.42, 0.5, 0.08],
};

/**
 * The window of a windowed-sinc kernel. `hamming` has the narrowest transition band, `blackman` the best stop-band
 * attenuation.
 */
export type WindowName = 'hamming' | 'hann' | 'blackman';

/** A symmetric window, [taps], with 1 in the middle. Throws TypeError for an unknown name. */
function window(name: WindowName, taps: number): Float64Array {
  const terms = cosineSeries[oneOf('window', name, Object.keys(cosineSeries) as WindowName[])];
  return Float64Array.from({ length: taps }, (_, k) => {
    if (taps === 1) return 1;
    const angle = (2 * Math.PI * k) / (taps - 1);
    return terms.reduce((sum, a, i) => sum + (i % 2 === 0 ? a : -a) * Math.cos(i * angle), 0);
  });
}

/** Options of the windowed-sinc designs. */
export interface WindowedSincOptions {
  /** Sampling rate in Hz. */
  rate: number;
  /** Kernel size. `highPass` and `bandStop` require an odd size. */
  taps: number;
  /** Default 'hamming'. */
  window?: WindowName;
}

/**
 * A low-pass kernel: gain 1 at 0 Hz and 0.5 (-6 dB) at the cutoff. Equals scipy.signal.firwin(taps, cutoffHz, fs=rate).
 *
 *     w[k] = window[k] ∫ over the passband of cos(2π u f) df,   u = k - (taps - 1) / 2
 *
 * Like `highPass`, `bandPass`, and `bandStop`, it returns a symmetric Float64Array [taps] with a group delay of
 * (taps - 1) / 2 frames. With 'hamming', the transition band is about 3.3 rate / taps Hz wide. Throws RangeError for a
 * cutoff outside 0 … rate / 2.
 */
export function lowPass(cutoffHz: number, options: WindowedSincOptions): Float64Array {
  return windowedSinc([[0, cutoffHz]], 0, [cutoffHz], options);
}

/** A high-pass kernel: gain 1 at rate / 2 and 0.5 at the cutoff. Equals firwin(..., pass_zero=False). See `lowPass`. */
export function highPass(cutoffHz: number, options: WindowedSincOptions): Float64Array {
  checkOddTaps(options);
  return windowedSinc([[cutoffHz, options.rate / 2]], options.rate / 2, [cutoffHz], options);
}

/** A band-pass kernel: gain 1 at the center of the band and 0.5 at its edges. See `lowPass`. */
export function bandPass([lowHz, highHz]: readonly [number, number], options: WindowedSincOptions): Float64Array {
  return windowedSinc([[lowHz, highHz]], (lowHz + highHz) / 2, [lowHz, highHz], options);
}

/** A band-stop kernel: gain 1 at 0 Hz and 0.5 at the edges of the band. See `lowPass`. */
export function bandStop([lowHz, highHz]: readonly [number, number], options: WindowedSincOptions): Float64Array {
  checkOddTaps(options);
  const bands: [number, number][] = [
    [0, lowHz],
    [highHz, options.rate / 2],
  ];
  return windowedSinc(bands, 0, [lowHz, highHz], options);
}

function windowedSinc(
  bands: readonly (readonly [number, number])[],
  unityGainHz: number,
  edges: readonly number[],
  options: WindowedSincOptions,
): Float64Array {
  const rate = positive('rate', options.rate, 'Hz');
  const taps = integer('taps', options.taps, 1);
  edges.forEach((edge, i) => {
    const above = i === 0 ? 0 : edges[i - 1];
    if (!(edge > above && edge < rate / 2)) throw invalid('cutoff', `> ${above} and < ${rate / 2} Hz`, edge);
  });
  const middle = (taps - 1) / 2;
  const w = window(options.window ?? 'hamming', taps);
  let gain = 0;
  for (let k = 0; k < taps; k++) {
    const u = k - middle;
    let ideal = 0;
    for (const [from, to] of bands) ideal += idealLowPass(u, to / rate) - idealLowPass(u, from / rate);
    w[k] *= ideal;
    gain += w[k] * Math.cos((2 * Math.PI * u * unityGainHz) / rate);
  }
  return w.map((tap) => tap / gain);
}

/** The impulse response of an ideal low-pass filter, `u` frames from its center. `cutoff` in cycles per frame. */
function idealLowPass(u: number, cutoff: number): number {
  return u === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * u) / (Math.PI * u);
}

/**
 * Throws unless the kernel size is odd: a symmetric kernel of even length has gain 0 at rate / 2, which must pass here.
 */
function checkOddTaps({ taps }: WindowedSincOptions): void {
  if (integer('taps', taps, 1) % 2 === 0) throw invalid('taps', 'odd for gain 1 at rate / 2', taps);
}
