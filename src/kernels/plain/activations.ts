import { exp, expm1, gelu, geluSlope, log, sigmoid, sigmoidSlope, softplus, tanh, tanhSlope } from './elementary.ts';

/** y by kind: identity, relu, leakyRelu, elu, gelu, softplus, tanh, sigmoid, square, abs, log. A NaN stays a NaN. */
const values: readonly ((x: number, alpha: number) => number)[] = [
  (x) => x,
  (x) => (x <= 0 ? 0 : x),
  (x, alpha) => (x < 0 ? alpha * x : x),
  (x, alpha) => (x < 0 ? alpha * expm1(x) : x),
  gelu,
  softplus,
  tanh,
  sigmoid,
  (x) => x * x,
  Math.abs,
  (x, alpha) => log(x < alpha ? alpha : x),
];

/** g f'(x) by kind. The square's is doubled last and rounded before, as float32 numbers are. */
const products: readonly ((g: number, x: number, alpha: number) => number)[] = [
  (g) => g,
  (g, x) => g * (x > 0 ? 1 : 0),
  (g, x, alpha) => g * (x > 0 ? 1 : alpha),
  (g, x, alpha) => g * (x > 0 ? 1 : alpha * exp(x)),
  (g, x) => g * geluSlope(x),
  (g, x) => g * sigmoid(x),
  (g, x) => g * tanhSlope(x),
  (g, x) => g * sigmoidSlope(x),
  (g, x) => Math.fround(g * x) * 2,
  (g, x) => g * Math.sign(x),
  (g, x, alpha) => g * (x < alpha ? 0 : 1 / x),
];

/**
 * y = f(x) of the n numbers of `memory` from x on; y may be x. `alpha` is the slope of leakyRelu below 0, the depth of
 * elu and the floor of log.
 */
export function activate(memory: Float32Array, kind: number, x: number, y: number, n: number, alpha: number): void {
  const value = values[kind];
  const a = Math.fround(alpha);
  for (let i = 0; i < n; i++) memory[y + i] = value(memory[x + i], a);
}

/**
 * dx = g f'(x) of n numbers, 0 where g is 0 or x is not finite: nothing flows back through what nobody learns from, so
 * that a NaN stays where it is. dx may be x or g.
 */
export function activateBack(
  memory: Float32Array,
  kind: number,
  x: number,
  g: number,
  dx: number,
  n: number,
  alpha: number,
): void {
  const product = products[kind];
  const a = Math.fround(alpha);
  for (let i = 0; i < n; i++) {
    const input = memory[x + i];
    const slope = memory[g + i];
    const dead = slope === 0 || input - input !== 0;
    memory[dx + i] = dead ? 0 : product(slope, input, a);
  }
}
