import type { Layer } from './layer.ts';
import type { LayerContext, SoftmaxSpec } from './network-spec.ts';
import { rowLayer, RowLayer } from './row-layer.ts';

export function softmaxLayer({ type }: SoftmaxSpec, { inChannels }: LayerContext): Layer {
  return { ...rowLayer(type, inChannels), stream: (_, { gradients }) => new Softmax(inChannels, gradients) };
}

/**
 * Softmax over the channels of each frame: y[c] = e^(x[c] - max) / Σ e^(x - max); ∂L/∂x[c] = y[c] (g[c] - Σ g y).
 */
class Softmax extends RowLayer {
  protected override forward(x: Float32Array, from: number, y: Float32Array, at: number): void {
    let most = -Infinity;
    for (let c = 0; c < this.channels; c++) most = Math.max(most, x[from + c]);
    let sum = 0;
    for (let c = 0; c < this.channels; c++) sum += Math.exp(x[from + c] - most);
    for (let c = 0; c < this.channels; c++) y[at + c] = Math.exp(x[from + c] - most) / sum;
  }

  protected override back(
    x: Float32Array,
    from: number,
    g: Float32Array,
    gAt: number,
    dx: Float32Array,
    at: number,
  ): void {
    this.forward(x, from, dx, at);
    let mean = 0;
    let dead = true;
    for (let c = 0; c < this.channels; c++) {
      mean += g[gAt + c] * dx[at + c];
      dead &&= g[gAt + c] === 0;
    }
    dead ||= !Number.isFinite(mean);
    for (let c = 0; c < this.channels; c++) dx[at + c] = dead ? 0 : dx[at + c] * (g[gAt + c] - mean);
  }
}
