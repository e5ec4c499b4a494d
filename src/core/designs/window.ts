import { oneOf } from '../check.ts';

/** The cosine series of each window: w[k] = Σ_i (-1)^i a_i cos(2π i k / (taps - 1)). */
const series = {
  hamming: [0.54, 0.46],
  hann: [0.5, 0.5],
  blackman: [0.42, 0.5, 0.08],
};

/** How a windowed-sinc kernel fades out: hamming cuts sharpest, blackman lets least through. */
export type WindowName = 'hamming' | 'hann' | 'blackman';

/** A symmetric window, [taps], 1 in the middle; of one tap, 1. Throws TypeError for an unknown name. */
export function window(name: WindowName, taps: number): Float64Array {
  const terms = series[oneOf('window', name, Object.keys(series) as WindowName[])];
  return Float64Array.from({ length: taps }, (_, k) => {
    if (taps === 1) return 1;
    const angle = (2 * Math.PI * k) / (taps - 1);
    return terms.reduce((sum, a, i) => sum + (i % 2 === 0 ? a : -a) * Math.cos(i * angle), 0);
  });
}
