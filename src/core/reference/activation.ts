import { oneOf } from '../check.ts';
import { framesOf } from './padding.ts';

interface Elementwise {
  /** y of one sample. */
  value: (x: number, alpha: number) => number;
  /** dy/dx at the input sample. */
  slope: (x: number, alpha: number) => number;
  /** Default of alpha. */
  alpha?: number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The names of the elementwise layers. */
export type ActivationName =
  'identity' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'softplus' | 'tanh' | 'sigmoid' | 'square' | 'abs' | 'log';

const activations: Record<ActivationName, Elementwise> = {
  identity: { value: (x) => x, slope: () => 1 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  leakyRelu: { alpha: 0.01, value: (x, alpha) => (x > 0 ? x : alpha * x), slope: (x, alpha) => (x > 0 ? 1 : alpha) },
  elu: {
    alpha: 1,
    value: (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
    slope: (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
  },
  gelu: { value: (x) => x * normalCdf(x), slope: (x) => normalCdf(x) + x * normalPdf(x) },
  // log(1 + e^x) without overflow
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: sigmoid },
  tanh: { value: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * (1 - sigmoid(x)) },
  square: { value: (x) => x * x, slope: (x) => 2 * x },
  abs: { value: Math.abs, slope: Math.sign },
  log: {
    alpha: 1e-6,
    value: (x, alpha) => Math.log(Math.max(x, alpha)),
    slope: (x, alpha) => (x < alpha ? 0 : 1 / x),
  },
};

/** The names of all activations. */
export const activationNames: ActivationName[] = Object.keys(activations) as ActivationName[];

/**
 * Applies y = f(x) to each sample. `alpha` is the slope of leakyRelu below 0 (default 0.01), the scale of elu (1), and the
 * lower limit of log (1e-6). Other activations ignore it. Throws TypeError for an unknown name.
 */
export function activate(name: ActivationName, x: ArrayLike<number>, alpha?: number): Float64Array {
  const { value, alpha: defaultAlpha = 0 } = activations[oneOf('type', name, activationNames)];
  return Float64Array.from({ length: x.length }, (_, i) => value(x[i], alpha ?? defaultAlpha));
}

/**
 * Returns ∂L/∂x = g f'(x), where x is the input and g = ∂L/∂y. Where f is not differentiable, the left slope is used (0
 * for abs, 1/x for log).
 */
export function activationGradient(
  name: ActivationName,
  x: ArrayLike<number>,
  g: ArrayLike<number>,
  alpha?: number,
): Float64Array {
  const { slope, alpha: defaultAlpha = 0 } = activations[oneOf('type', name, activationNames)];
  return Float64Array.from({ length: x.length }, (_, i) => g[i] * slope(x[i], alpha ?? defaultAlpha));
}

/** Softmax over the channels of each frame of x, [frames, channels]: y[n, c] = e^x[n, c] / Σ_i e^x[n, i]. */
export function softmax(x: ArrayLike<number>, channels: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < framesOf('x', x, channels); n++) {
    const frame = Array.from({ length: channels }, (_, c) => x[n * channels + c]);
    // subtracting the maximum prevents overflow and does not change the result
    const largest = Math.max(...frame);
    const sum = frame.reduce((total, sample) => total + Math.exp(sample - largest), 0);
    for (let c = 0; c < channels; c++) y[n * channels + c] = Math.exp(frame[c] - largest) / sum;
  }
  return y;
}

/** Returns ∂L/∂x[n, c] = y[n, c] (g[n, c] - Σ_i g[n, i] y[n, i]), where x is the input and g = ∂L/∂y. */
export function softmaxGradient(x: ArrayLike<number>, channels: number, g: ArrayLike<number>): Float64Array {
  const y = softmax(x, channels);
  const input = new Float64Array(x.length);
  for (let n = 0; n < framesOf('x', x, channels); n++) {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += g[n * channels + c] * y[n * channels + c];
    for (let c = 0; c < channels; c++) input[n * channels + c] = y[n * channels + c] * (g[n * channels + c] - mean);
  }
  return input;
}

/** The probability density φ(x) of the standard normal distribution. */
export function normalPdf(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * The cumulative distribution Φ(x) of the standard normal distribution. Uses a series for small |x| and a continued
 * fraction (Lentz) otherwise. Accurate to 1e-14. Source: Abramowitz and Stegun, 26.2.11 and 26.2.14.
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  if (size > 38) return x > 0 ? 1 : 0;
  if (size < 4) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + normalPdf(x) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (size + fraction);
  const tail = normalPdf(size) / (size + fraction);
  return x > 0 ? 1 - tail : tail;
}
