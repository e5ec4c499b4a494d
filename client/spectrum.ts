/** The magnitude of a kernel's response at frequencies from 0 to half the rate. */
export interface Spectrum {
  /** In Hz, rising evenly. */
  readonly hz: Float64Array;
  readonly magnitude: Float64Array;
  /** Where the magnitude is greatest, between bins by a parabola, in Hz; NaN for a kernel of zeros. */
  readonly peak: number;
}

/**
 * |W(f)| of the kernels of one output, by a Fourier transform of the taps with zeros behind them:
 *
 *     W_c(f) = Σ_k w_c[k] e^(-2πi k f / rate),   |W(f)| = √(Σ_c |W_c(f)|²)
 *
 * `taps` is [tap, in] (row-major), `size` the length with zeros; `size / 2 + 1` frequencies come out.
 */
export function kernelSpectrum(taps: ArrayLike<number>, inputs: number, rate: number, size = 512): Spectrum {
  const bins = size / 2 + 1;
  const hz = Float64Array.from({ length: bins }, (_, bin) => (bin * rate) / size);
  const magnitude = new Float64Array(bins);
  for (let bin = 0; bin < bins; bin++) {
    let power = 0;
    for (let input = 0; input < inputs; input++) {
      let real = 0;
      let imaginary = 0;
      for (let k = 0, i = input; i < taps.length; k++, i += inputs) {
        const angle = (-2 * Math.PI * ((k * bin) % size)) / size;
        real += taps[i] * Math.cos(angle);
        imaginary += taps[i] * Math.sin(angle);
      }
      power += real * real + imaginary * imaginary;
    }
    magnitude[bin] = Math.sqrt(power);
  }
  return { hz, magnitude, peak: peakOf(magnitude) * (rate / size) };
}

function peakOf(magnitude: Float64Array): number {
  let best = 0;
  for (let bin = 1; bin < magnitude.length; bin++) if (magnitude[bin] > magnitude[best]) best = bin;
  if (!(magnitude[best] > 0)) return NaN;
  if (best === 0 || best === magnitude.length - 1) return best;
  const [left, middle, right] = [magnitude[best - 1], magnitude[best], magnitude[best + 1]];
  return best + (0.5 * (left - right)) / (left - 2 * middle + right || 1);
}
