import type { Layer } from './layer.ts';
import type { LayerContext, SoftmaxSpec } from './network-spec.ts';
import { rowLayer, RowLayer } from './row-layer.ts';
import type { Rows } from './rows.ts';

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

  protected override back(x: number, count: number, g: number, dx: number): void {
    this.engine.kernels.softmaxGradient(x, g, dx, count, this.channels);
  }
}
