import { describe, expect, test } from 'vitest';
import { activate, activateBack } from '../../src/kernels/plain/activations.ts';
import { softmax, softmaxBack } from '../../src/kernels/plain/softmax.ts';
import { compile } from './compile.ts';
import { exact } from './exact.ts';
import { mixture, specials, ulps } from './float32.ts';

type Formula = (x: number, alpha: number) => number;

/** By kind: f and f' in double precision. */
const activations: { name: string; value: Formula; slope: Formula }[] = [
  { name: 'identity', value: (x) => x, slope: () => 1 },
  { name: 'relu', value: (x) => (x <= 0 ? 0 : x), slope: (x) => (x > 0 ? 1 : 0) },
  { name: 'leakyRelu', value: (x, a) => (x < 0 ? a * x : x), slope: (x, a) => (x > 0 ? 1 : a) },
  { name: 'elu', value: (x, a) => (x < 0 ? a * Math.expm1(x) : x), slope: (x, a) => (x > 0 ? 1 : a * Math.exp(x)) },
  { name: 'gelu', value: exact.gelu, slope: exact.geluSlope },
  { name: 'softplus', value: exact.softplus, slope: exact.sigmoid },
  { name: 'tanh', value: exact.tanh, slope: exact.tanhSlope },
  { name: 'sigmoid', value: exact.sigmoid, slope: exact.sigmoidSlope },
  { name: 'square', value: (x) => x * x, slope: (x) => 2 * x },
  { name: 'abs', value: Math.abs, slope: Math.sign },
  { name: 'log', value: (x, a) => Math.log(x < a ? a : x), slope: (x, a) => (x < a ? 0 : 1 / x) },
];
const kinds = activations.map((activation, kind) => ({ ...activation, kind }));
const alphas = [0.01, 1.7, -0.3].map(Math.fround);

interface Wasm {
  activate: (kind: number, x: number, y: number, n: number, alpha: number) => void;
  activateBack: (kind: number, x: number, g: number, dx: number, n: number, alpha: number) => void;
  softmax: (x: number, y: number, frames: number, channels: number) => void;
  softmaxBack: (x: number, g: number, dx: number, frames: number, channels: number) => void;
}
const memory = new WebAssembly.Memory({ initial: 1 });
const wasm = await compile<Wasm>(
  `export { activate, activateBack } from './activations'; export { softmax, softmaxBack } from './softmax';`,
  memory,
);

/** Three areas of 100 numbers each, behind the constants of the kernels. */
const start = 1024;
const area = new Float32Array(memory.buffer, start * 4, 300);
const at = (offset: number) => (start + offset) * 4;
const content = mixture(300, 7);
const calm = mixture(300, 8).map((x) => (Math.abs(x) < 100 ? x : 1));
const offsets = [4, 5, 6, 7];

/** Returns where two arrays differ, with all NaNs equal, or '' if they do not. */
function difference(one: Float32Array, other: Float32Array): string {
  const i = one.findIndex((number, index) => !Object.is(number, other[index]));
  return i < 0 ? '' : `[${i}] ${one[i]} and ${other[i]}`;
}

/** Runs a kernel in both implementations. Returns where they differ, or where they wrote outside of the `count` numbers from y. */
function compare(numbers: Float32Array, y: number, count: number, run: () => void, twin: (m: Float32Array) => void) {
  area.set(numbers);
  run();
  const plain = numbers.slice();
  twin(plain);
  const apart = difference(area, plain);
  plain.set(numbers.subarray(y, y + count), y);
  return apart || difference(plain, numbers);
}

describe.each(kinds)('$name', ({ kind, value, slope }) => {
  test.each(alphas)('has the same bits in WebAssembly and TypeScript, and writes nowhere else (alpha %d)', (alpha) => {
    for (let n = 0; n <= 67; n++)
      for (const x of offsets)
        for (const y of [...offsets.map((offset) => offset + 100), x]) {
          const run = () => wasm.activate(kind, at(x), at(y), n, alpha);
          expect(compare(content, y, n, run, (m) => activate(m, kind, x, y, n, alpha))).toBe('');
        }
  });

  test.each(alphas)('has the same bits in its gradient (alpha %d)', (alpha) => {
    for (let n = 0; n <= 67; n++)
      for (const x of offsets)
        for (const g of offsets.map((offset) => offset + 100))
          for (const dx of [204 + ((x + g) % 4), x, g]) {
            const run = () => wasm.activateBack(kind, at(x), at(g), at(dx), n, alpha);
            expect(compare(content, dx, n, run, (m) => activateBack(m, kind, x, g, dx, n, alpha))).toBe('');
          }
  });

  test.each(alphas)('is its formula, at 0, Infinity and NaN too (alpha %d)', (alpha) => {
    area.set(content);
    wasm.activate(kind, at(0), at(0), 300, alpha);
    for (let i = 0; i < 300; i++)
      expect(ulps(area[i], value(content[i], alpha)), `f(${content[i]}) is ${area[i]}`).toBeLessThan(1);
  });

  test.each(alphas)('has the gradient g f′(x), and 0 where g is 0 or x is not finite (alpha %d)', (alpha) => {
    for (const g of [1, -2.5, 1e-30, 3e38, NaN, 0, -0].map(Math.fround)) {
      area.set(content.subarray(0, 150));
      area.fill(g, 150);
      wasm.activateBack(kind, at(0), at(150), at(150), 150, alpha);
      for (let i = 0; i < 150; i++) {
        const x = content[i];
        const dx = area[150 + i];
        const wanted = g === 0 || !Number.isFinite(x) ? 0 : g * slope(x, alpha);
        const error = wanted === 0 ? Math.abs(dx) : ulps(dx, wanted);
        expect(error, `${g} f′(${x}) is ${dx}, not ${wanted}`).toBeLessThan(2);
      }
    }
  });
});

test('a sample gives the same result at any position', () => {
  for (const { kind } of kinds)
    for (const x of [...specials, ...content.subarray(0, 60)]) {
      area.fill(x, 0, 7);
      wasm.activate(kind, at(0), at(0), 7, 0.3);
      expect(difference(area.subarray(0, 6), area.subarray(1, 7))).toBe('');
    }
});

describe('softmax', () => {
  test('has the same bits in WebAssembly and TypeScript, forward and back, and writes nowhere else', () => {
    for (let channels = 1; channels <= 67; channels++)
      for (const frames of [0, 1, Math.floor(67 / channels)])
        for (const x of offsets)
          for (const y of [104 + ((x + channels) % 4), x])
            for (const numbers of [calm, content]) {
              const [count, g] = [frames * channels, 204 + (channels % 4)];
              const run = () => wasm.softmax(at(x), at(y), frames, channels);
              expect(compare(numbers, y, count, run, (m) => softmax(m, x, y, frames, channels))).toBe('');
              const back = () => wasm.softmaxBack(at(x), at(g), at(y), frames, channels);
              expect(compare(numbers, y, count, back, (m) => softmaxBack(m, x, g, y, frames, channels))).toBe('');
            }
  });

  test('is within 2 ulp of the exact result, and its gradient within 2 ulp of the terms it is a difference of', () => {
    for (let channels = 1; channels <= 67; channels++) {
      const [x, g] = [calm.subarray(0, channels), calm.subarray(100, 100 + channels)];
      area.set(x);
      area.set(g, 100);
      wasm.softmax(at(0), at(200), 1, channels);
      const [y] = [area.slice(200, 200 + channels)];
      wasm.softmaxBack(at(0), at(100), at(200), 1, channels);
      const most = Math.max(...x);
      const sum = x.reduce((sum, x) => sum + Math.exp(x - most), 0);
      const shares = Array.from(x, (x) => Math.exp(x - most) / sum);
      const mean = shares.reduce((sum, y, c) => sum + y * g[c], 0);
      const terms = shares.reduce((sum, y, c) => sum + y * Math.abs(g[c]), 0);
      for (let c = 0; c < channels; c++) {
        expect(ulps(y[c], shares[c])).toBeLessThan(2);
        const error = Math.abs(area[200 + c] - shares[c] * (g[c] - mean));
        expect(error).toBeLessThan((2 ** -22 * shares[c] + 2 ** -149) * (Math.abs(g[c]) + terms));
      }
    }
  });

  test('NaN or Infinity makes its own frame NaN and no other, and -Infinity gives 0', () => {
    area.set([1, 2, NaN, 3, 4, 5, -Infinity, 0, 0, Infinity, 0, 1, -Infinity, -Infinity, -Infinity, 1, 1, 1]);
    wasm.softmax(at(0), at(0), 6, 3);
    const dead = area.subarray(0, 18).map((y) => (Number.isNaN(y) ? 1 : 0));
    expect([...dead]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
    expect([...area.subarray(6, 9)]).toEqual([0, 0.5, 0.5]);
  });

  test('its gradient is 0 in a frame where every g is 0 or the sum is not finite', () => {
    area.set([1, 2, 3, NaN, 2, 3, 1, 2, 3, 1, 2, 3]);
    area.set([0, -0, 0, 1, 2, 3, 1, NaN, 3, 1, 2, 3], 100);
    wasm.softmaxBack(at(0), at(100), at(200), 4, 3);
    expect([...area.subarray(200, 209)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(area[211]).toBeGreaterThan(0);
  });
});
