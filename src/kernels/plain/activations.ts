import { exp, expm1, gelu, geluSlope, log, sigmoid, sigmoidSlope, softplus, tanh, tanhSlope } from './elementary.ts';

/** f(x) by kind: identity, relu, leakyRelu, elu, gelu, softplus, tanh, sigmoid, square, abs, log. NaN stays NaN. */
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

/** g f'(x) by kind. For the square, g x is rounded to float32 before it is doubled. */
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
 * y = f(x) of n numbers of `memory`, from offset x on. y may be x. `alpha` is the slope of leakyRelu below 0, the scale of
 * elu, and the lower limit of log.
 */
export function activate(memory: Float32Array, kind: number, x: number, y: number, n: number, alpha: number): void {
  const value = values[kind];
  const a = Math.fround(alpha);
  for (let i = 0; i < n; i++) memory[y + i] = value(memory[x + i], a);
}

/**
 * dx = g f'(x) of n numbers, 0 where g is 0 or x is not finite, so that NaN does not spread to outputs without a gradient.
 * dx may be x or g.
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
    const blocked = slope === 0 || input - input !== 0;
    memory[dx + i] = blocked ? 0 : product(slope, input, a);
  }
}
