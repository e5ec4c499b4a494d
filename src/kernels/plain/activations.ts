import type { Arena } from '../arena.ts';
import type { Kernels } from '../kernels.ts';
import { normalCdf, normalPdf } from './normal.ts';

const forms: { value: (x: number, a: number) => number; slope: (x: number, y: number, a: number) => number }[] = [
  { value: (x) => x, slope: () => 1 },
  { value: (x) => (x <= 0 ? 0 : x), slope: (x) => (x > 0 ? 1 : 0) },
  { value: (x, a) => (x < 0 ? a * x : x), slope: (x, _, a) => (x > 0 ? 1 : a) },
  { value: (x, a) => (x < 0 ? a * Math.expm1(x) : x), slope: (x, y, a) => (x > 0 ? 1 : y + a) },
  { value: (x) => x * normalCdf(x), slope: (x) => normalCdf(x) + x * normalPdf(x) },
  { value: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))), slope: (x) => 1 / (1 + Math.exp(-x)) },
  { value: (x) => Math.tanh(x), slope: (_, y) => 1 - y * y },
  { value: (x) => 1 / (1 + Math.exp(-x)), slope: (_, y) => y * (1 - y) },
  { value: (x) => x * x, slope: (x) => 2 * x },
  { value: (x) => Math.abs(x), slope: (x) => Math.sign(x) },
  { value: (x, a) => Math.log(x < a ? a : x), slope: (x, _, a) => (x < a ? 0 : 1 / x) },
];

export function rowwiseLoops(
  arena: Arena,
): Pick<Kernels, 'activate' | 'activateGradient' | 'softmax' | 'softmaxGradient'> {
  const softmaxRow = (m: Float32Array, x: number, y: number, channels: number) => {
    let most = -Infinity;
    for (let c = 0; c < channels; c++) most = Math.max(most, m[x + c]);
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += Math.exp(m[x + c] - most);
    for (let c = 0; c < channels; c++) m[y + c] = Math.exp(m[x + c] - most) / sum;
  };
  return {
    activate(kind, x, y, count, alpha) {
      const m = arena.f32;
      for (let i = 0; i < count; i++) m[y + i] = forms[kind].value(m[x + i], alpha);
    },
    activateGradient(kind, x, g, dx, count, alpha) {
      const m = arena.f32;
      const { value, slope } = forms[kind];
      for (let i = 0; i < count; i++) {
        const [input, dy] = [m[x + i], m[g + i]];
        m[dx + i] = dy === 0 || input - input !== 0 ? 0 : dy * slope(input, Math.fround(value(input, alpha)), alpha);
      }
    },
    softmax(x, y, rows, channels) {
      for (let n = 0; n < rows; n++) softmaxRow(arena.f32, x + n * channels, y + n * channels, channels);
    },
    softmaxGradient(x, g, dx, rows, channels) {
      const m = arena.f32;
      for (let n = 0; n < rows; n++) {
        const [at, from] = [dx + n * channels, g + n * channels];
        softmaxRow(m, x + n * channels, at, channels);
        let mean = 0;
        let dead = true;
        for (let c = 0; c < channels; c++) {
          mean += m[from + c] * m[at + c];
          dead &&= m[from + c] === 0;
        }
        dead ||= !Number.isFinite(mean);
        for (let c = 0; c < channels; c++) m[at + c] = dead ? 0 : m[at + c] * (m[from + c] - mean);
      }
    },
  };
}
