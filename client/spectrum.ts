/** The magnitude response of a kernel from 0 to half the sampling rate. */
export interface Spectrum {
  /** Frequencies in Hz, evenly spaced. */
  readonly hz: Float64Array;
  /** Gain at each frequency of `hz`, linear. */
  readonly magnitude: Float64Array;
  /** Frequency of the maximum in Hz, interpolated between bins by a parabola; NaN if all weights are 0. */
  readonly peak: number;
}

/**
 * The magnitude response |W(f)| of the kernels of one output, computed by a Fourier transform of the zero-padded taps:
 *
 *     W_c(f) = Σ_k w_c[k] e^(-2πi k f / rate),   |W(f)| = √(Σ_c |W_c(f)|²)
 *
 * `taps` is [taps, inputs] in row-major order. `size` is the padded length; the result has `size / 2 + 1` frequencies.
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
