import { expect, test } from 'vitest';
import * as elementary from '../../src/kernels/plain/elementary.ts';
import { compile } from './compile.ts';
import { exact } from './exact.ts';
import { mixture, ulps } from './float32.ts';

type Name = keyof typeof exact;
const names = Object.keys(exact) as Name[];

/** Each function over an even count of numbers, in place. */
const source = names.map(
  (name) => `export function ${name}(x: usize, n: i32): void {
    for (; n > 0; n -= 2, x += 8) {
      const pair = elementary.${name}(f64x2.promote_low_f32x4(v128.load64_zero(x)));
      v128.store64_lane(x, f32x4.demote_f64x2_zero(pair), 0);
    }
  }`,
);
const memory = new WebAssembly.Memory({ initial: 160 });
const wasm = await compile<Record<Name, (x: number, n: number) => void>>(
  `import * as elementary from './elementary';\n${source.join('\n')}`,
  memory,
);

const inputs = mixture(1 << 21, 1);
const sorted = inputs.filter((x) => !Number.isNaN(x)).sort();
const outputs = new Float32Array(memory.buffer, 4096, inputs.length);

test.each(names)('%s is within 1 ulp of the exact number, and has the same bits in TypeScript', (name) => {
  outputs.set(inputs);
  wasm[name](4096, inputs.length);
  let most = 0;
  let where = '';
  for (let i = 0; i < inputs.length; i++) {
    const [x, y] = [inputs[i], outputs[i]];
    const twin = Math.fround(elementary[name](x));
    if (!Object.is(y, twin)) expect.fail(`${name}(${x}) is ${y} and ${twin}`);
    const wanted = exact[name](x);
    // where gelu is flat, its exact slope is a difference of two doubles and not more accurate than this
    if (name === 'geluSlope' && (Math.abs(x) === Infinity || Math.abs(y - wanted) < 1e-14)) continue;
    const error = ulps(y, wanted);
    if (error > most) [most, where] = [error, `${name}(${x}) is ${y}, not ${wanted}`];
  }
  expect(most, where).toBeLessThan(1);
});

test.each(['exp', 'expm1', 'log', 'log1p', 'sigmoid', 'tanh', 'softplus'] as const)('%s is monotonic', (name) => {
  let before = -Infinity;
  for (const x of sorted) {
    const y = Math.fround(elementary[name](x));
    if (y < before) expect.fail(`${name}(${x}) is ${y}, after ${before}`);
    if (!Number.isNaN(y)) before = y;
  }
  expect(before).toBe(exact[name](Infinity));
});

test.each([
  ['exp', 'exp'],
  ['sigmoid', 'sigmoidSlope'],
  ['softplus', 'sigmoid'],
  ['tanh', 'tanhSlope'],
  ['gelu', 'geluSlope'],
] as const)('the slope of %s is %s, by finite differences', (name, slope) => {
  const h = 1e-5;
  for (let x = -6; x <= 6; x += 0.0371)
    expect(elementary[slope](x)).toBeCloseTo(
      (exact[name](x + h) - exact[name](x - h)) / (2 * h),
      name === 'exp' ? 5 : 7,
    );
});

test('the sigmoid is accurate down to the smallest subnormal number, and then 0', () => {
  expect([-87, -100, -103.2, -104].map((x) => Math.fround(elementary.sigmoid(x)))).toEqual(
    [-87, -100, -103.2, -104].map((x) => Math.fround(Math.exp(x))),
  );
  expect(Math.fround(elementary.sigmoid(-103.2))).toBe(2 ** -149);
});
