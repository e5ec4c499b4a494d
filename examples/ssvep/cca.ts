import { dot, eigen } from './symmetric.ts';
import type { Signal } from './trials.ts';

/**
 * Sines and cosines at multiples of `hz`, [2 · harmonics][length]. `hz` and `rate` are in Hz.
 */
export function harmonicsOf(hz: number, harmonics: number, length: number, rate: number): Signal {
  return Array.from({ length: 2 * harmonics }, (_, i) => {
    const phase = (i % 2) * (Math.PI / 2);
    return Float64Array.from({ length }, (_, t) => Math.sin((2 * Math.PI * hz * (1 + (i >> 1)) * t) / rate + phase));
  });
}

/** The channels without their means, orthonormal (Gram-Schmidt). Channels that depend on others are dropped. */
export function orthonormal(channels: Signal): Signal {
  const ones = channels[0].map(() => 1 / Math.sqrt(channels[0].length));
  return channels
    .reduce<Float64Array[]>(
      (done, channel) => {
        const left = channel.slice();
        for (const u of done) {
          const factor = dot(left, u);
          for (let t = 0; t < left.length; t++) left[t] -= factor * u[t];
        }
        const length = Math.sqrt(dot(left, left));
        return length > 1e-9 * Math.sqrt(dot(channel, channel)) ? [...done, left.map((each) => each / length)] : done;
      },
      [ones],
    )
    .slice(1);
}

/**
 * The largest correlation between a linear combination of the channels of x and one of the channels of y, both orthonormal: the
 * largest singular value of M = y xᵀ (canonical correlation analysis).
 */
export function canonicalCorrelation(x: Signal, y: Signal): number {
  const m = y.map((b) => Float64Array.from(x, (a) => dot(a, b)));
  const { values } = eigen(
    x.map((_, i) => Float64Array.from(x, (_, j) => m.reduce((sum, row) => sum + row[i] * row[j], 0))),
  );
  return Math.sqrt(Math.max(0, values[0]));
}

/** The weight of sub-band `band` (0 = the widest) in a filter bank (Chen and others, 2015, equation 8). */
export function bandWeight(band: number): number {
  return (band + 1) ** -1.25 + 0.25;
}
