import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';
import { dayBins, forecastHead, forecastSize, lags, taps } from '../forecast-layout.ts';

const learningRate = 0.1;
const blur = 0.5;
/** Rows of weights that one update reads: two per tap, and two for the time of day. */
const activeRows = 2 * (taps + 1);
const rows = new Int32Array(activeRows);
const shares = new Float64Array(activeRows);

/** The forecast of the detector, in double precision. */
export function forecastLoops(arena: Arena): Pick<Kernels, 'forecast'> {
  return {
    forecast: (state, bins, position, dayBack, day, learning) => {
      const memory = new Float64Array(arena.f32.buffer, 4 * state, forecastSize(bins) / 2);
      memory[lags] = dayBack;
      activate(memory, bins, day);
      const scale = exponentiate(memory, bins);
      const low = lowerBin(position, bins);
      const high = position - low;
      const found = (1 - high) * blurred(memory, bins, low, scale) + high * blurred(memory, bins, low + 1, scale);
      if (learning !== 0) descend(memory, bins, low, high, scale);
      memory.copyWithin(1, 0, lags - 1);
      memory[0] = position;
      return found;
    },
  };
}

/** Selects the rows of weights of this sample, and their shares. */
function activate(memory: Float64Array, bins: number, day: number): void {
  const weights = forecastHead + bins;
  const hours = weights + taps * bins * bins;
  const idle = hours + dayBins * bins;
  for (let k = 0; k < taps; k++) {
    const position = memory[k];
    const low = lowerBin(position, bins);
    const row = weights + (k * bins + low) * bins;
    if (position < 0) set(k, idle, idle, 0, 0);
    else set(k, row, row + bins, 1 - position + low, position - low);
  }
  const hour = Math.min(dayBins - 1, Math.floor(day * dayBins));
  const late = day * dayBins - hour;
  set(taps, hours + hour * bins, hours + ((hour + 1) % dayBins) * bins, 1 - late, late);
}

function set(k: number, row: number, next: number, share: number, rest: number): void {
  rows[2 * k] = row;
  rows[2 * k + 1] = next;
  shares[2 * k] = share;
  shares[2 * k + 1] = rest;
}

/** Computes e^l, in two sums of six rows of weights, and returns 1 / Σ e^l. */
function exponentiate(memory: Float64Array, bins: number): number {
  const bias = biasOf(bins);
  let sum = 0;
  for (let b = 0; b < bins; b++) {
    const term = (j: number) => shares[j] * memory[rows[j] + b];
    const six = (j: number) => term(j) + term(j + 1) + (term(j + 2) + term(j + 3)) + (term(j + 4) + term(j + 5));
    const e = exp(memory[bias + b] + six(0) + six(6));
    memory[forecastHead + b] = e;
    sum += e;
  }
  return 1 / sum;
}

/** Returns p̃ of a category, where p = `scale` e^l. */
function blurred(memory: Float64Array, bins: number, b: number, scale: number): number {
  const at = forecastHead + b;
  const p = memory[at] * scale;
  const before = b > 0 ? memory[at - 1] * scale : p;
  const after = b < bins - 1 ? memory[at + 1] * scale : p;
  return (1 - blur) * p + blur * 0.5 * (before + after);
}

/** Descends one step along the gradient ∂L/∂l = p - a. */
function descend(memory: Float64Array, bins: number, low: number, high: number, scale: number): void {
  const bias = biasOf(bins);
  for (let b = 0; b < bins; b++) {
    const p = memory[forecastHead + b] * scale;
    const step = (b === low ? p - (1 - high) : b === low + 1 ? p - high : p) * learningRate;
    memory[forecastHead + b] = step;
    memory[bias + b] -= step;
    for (let j = 0; j < activeRows; j++) memory[rows[j] + b] -= shares[j] * step;
  }
}

function biasOf(bins: number): number {
  return forecastHead + bins + (taps * bins + dayBins + 1) * bins;
}

function lowerBin(position: number, bins: number): number {
  const low = Math.floor(position);
  return low > bins - 2 ? bins - 2 : low < 0 ? 0 : low;
}

/** e^x for |x| <= 700, with the operations of fdlibm (K. C. Ng, e_exp.c, 1993). */
function exp(number: number): number {
  const x = Math.min(Math.max(number, -700), 700);
  const size = Math.abs(x);
  if (size < 3.725290298461914e-9) return 1 + x;
  if (x === 1) return Math.E;
  const k = size < 0.3465735912322998 ? 0 : Math.trunc(1.4426950408889634 * x + (x < 0 ? -0.5 : 0.5));
  const high = x - k * 0.6931471803691238;
  const low = k * 1.9082149292705877e-10;
  const r = high - low;
  const t = r * r;
  let q = t * 4.1381367970572385e-8 - 0.0000016533902205465252;
  q = t * q + 0.00006613756321437934;
  q = t * q - 0.0027777777777015593;
  q = t * q + 0.16666666666666602;
  const c = r - t * q;
  return (1 - (low - (r * c) / (2 - c) - high)) * 2 ** k;
}
