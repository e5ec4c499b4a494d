import { invalid } from './check.ts';
import { normalCdf, normalPdf } from './normal.ts';
import type { Layer } from './layer.ts';
import type { ActivationSpec, LayerContext } from './network-spec.ts';
import { rowLayer, RowLayer } from './row-layer.ts';

export type ActivationType =
  'identity' | 'relu' | 'leakyRelu' | 'elu' | 'gelu' | 'softplus' | 'tanh' | 'sigmoid' | 'square' | 'abs' | 'log';

interface Activation {
  /** y = f(x). A NaN stays a NaN. */
  readonly value: (x: number, alpha: number) => number;
  /** dy/dx at x, where y = f(x). */
  readonly slope: (x: number, y: number, alpha: number) => number;
  readonly alpha: number;
}

/** Every activation with its slope and the `alpha` it has when none is given. */
export const activations: Readonly<Record<ActivationType, Activation>> = {
  identity: { value: (x) => x, slope: () => 1, alpha: 0 },
  relu: { value: (x) => (x <= 0 ? 0 : x), slope: (x) => (x > 0 ? 1 : 0), alpha: 0 },
  leakyRelu: { value: (x, a) => (x < 0 ? a * x : x), slope: (x, _, a) => (x > 0 ? 1 : a), alpha: 0.01 },
  elu: { value: (x, a) => (x < 0 ? a * Math.expm1(x) : x), slope: (x, y, a) => (x > 0 ? 1 : y + a), alpha: 1 },
  gelu: { value: (x) => x * normalCdf(x), slope: (x) => normalCdf(x) + x * normalPdf(x), alpha: 0 },
  softplus: { value: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))), slope: (x) => 1 / (1 + Math.exp(-x)), alpha: 0 },
  tanh: { value: (x) => Math.tanh(x), slope: (_, y) => 1 - y * y, alpha: 0 },
  sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)), slope: (_, y) => y * (1 - y), alpha: 0 },
  square: { value: (x) => x * x, slope: (x) => 2 * x, alpha: 0 },
  abs: { value: (x) => Math.abs(x), slope: (x) => Math.sign(x), alpha: 0 },
  log: { value: (x, a) => Math.log(x < a ? a : x), slope: (x, _, a) => (x < a ? 0 : 1 / x), alpha: 1e-6 },
};

/** Checks the spec of an elementwise layer. */
export function activationLayer(spec: ActivationSpec, { inChannels }: Pick<LayerContext, 'inChannels'>): Layer {
  const { type, alpha = activations[type].alpha } = spec;
  if (!Number.isFinite(alpha)) throw invalid('alpha', 'a finite number', alpha);
  return {
    ...rowLayer(type, inChannels),
    stream: (_, { gradients }) => new ActivationLayer(activations[type], alpha, inChannels, gradients),
  };
}

/** An elementwise layer: y[n, c] = f(x[n, c]). */
class ActivationLayer extends RowLayer {
  readonly #activation: Activation;
  readonly #alpha: number;

  constructor(activation: Activation, alpha: number, channels: number, gradients: boolean) {
    super(channels, gradients);
    this.#activation = activation;
    this.#alpha = alpha;
  }

  protected override forward(x: Float32Array, from: number, y: Float32Array, at: number): void {
    for (let c = 0; c < this.channels; c++) y[at + c] = this.#activation.value(x[from + c], this.#alpha);
  }

  protected override back(
    x: Float32Array,
    from: number,
    g: Float32Array,
    gAt: number,
    dx: Float32Array,
    at: number,
  ): void {
    const { value, slope } = this.#activation;
    for (let c = 0; c < this.channels; c++) {
      const input = x[from + c];
      const dy = g[gAt + c];
      // nothing flows back through what nobody learns from, so that a NaN stays where it is
      const dead = dy === 0 || input - input !== 0;
      dx[at + c] = dead ? 0 : dy * slope(input, Math.fround(value(input, this.#alpha)), this.#alpha);
    }
  }
}
