import { activations, type ActivationType } from '../../kernels/activation-types.ts';
import { words } from '../../kernels/program-layout.ts';
import { invalid } from '../check.ts';
import type { Rows } from '../memory/rows.ts';
import type { ActivationSpec, LayerContext, SoftmaxSpec } from './layer-spec.ts';
import type { Layer, StreamContext } from './layer.ts';
import { rowLayer, RowLayer } from './row-layer.ts';
import type { SteppedLayer } from './step-program.ts';

export type { ActivationType };

/** The default `alpha` of each activation. */
const alphas: Partial<Record<ActivationType, number>> = { leakyRelu: 0.01, elu: 1, log: 1e-6 };

/** Checks the spec of an elementwise layer. */
export function activationLayer(spec: ActivationSpec, { inChannels }: Pick<LayerContext, 'inChannels'>): Layer {
  const { type, alpha = alphas[type] ?? 0 } = spec;
  if (!Number.isFinite(alpha)) throw invalid('alpha', 'a finite number', alpha);
  return { ...rowLayer(type, inChannels), stream: (_, context) => new Activation(type, alpha, inChannels, context) };
}

/**
 * An elementwise layer: y[n, c] = f(x[n, c]). The gradient is 0 where ∂L/∂y is 0 or x is not finite, so that NaN does
 * not spread.
 */
class Activation extends RowLayer implements SteppedLayer {
  readonly canStep = true;
  readonly #kind: number;
  readonly #alpha: number;

  constructor(type: ActivationType, alpha: number, channels: number, context: StreamContext) {
    super(channels, context);
    this.#kind = activations.indexOf(type);
    this.#alpha = alpha;
  }

  writeProgram(layer: Int32Array): boolean {
    layer[words.kind] = 1 + this.#kind;
    layer[words.outputs] = this.channels;
    this.writeInputs(layer);
    new Float32Array(layer.buffer, layer.byteOffset)[words.alpha] = this.#alpha;
    return true;
  }

  readProgram(layer: Int32Array, frames: number): void {
    this.readInputs(layer, frames);
  }

  protected override forward(x: Rows, y: number): void {
    this.engine.kernels.activate(this.#kind, x.at, y, x.count * this.channels, this.#alpha);
  }

  protected override backwardRows(x: number, count: number, g: number, dx: number): void {
    this.engine.kernels.activateGradient(this.#kind, x, g, dx, count * this.channels, this.#alpha);
  }
}

/** Creates a softmax layer. */
export function softmaxLayer({ type }: SoftmaxSpec, { inChannels }: LayerContext): Layer {
  return { ...rowLayer(type, inChannels), stream: (_, context) => new Softmax(inChannels, context) };
}

/**
 * Softmax over the channels of each frame: y[c] = e^(x[c] - max) / Σ e^(x - max); ∂L/∂x[c] = y[c] (g[c] - Σ g y).
 */
class Softmax extends RowLayer {
  protected override forward(x: Rows, y: number): void {
    this.engine.kernels.softmax(x.at, y, x.count, this.channels);
  }

  protected override backwardRows(x: number, count: number, g: number, dx: number): void {
    this.engine.kernels.softmaxGradient(x, g, dx, count, this.channels);
  }
}
