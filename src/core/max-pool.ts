import type { Layer } from './layer.ts';
import type { LayerContext, PoolSpec } from './network-spec.ts';
import { poolLayer } from './pool-layer.ts';
import { WindowLayer } from './window-layer.ts';

export function maxPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, place) => new MaxPool(windowing, [channels, channels], place));
}

/**
 * Max pooling as a stream: y[n, c] = max_k x[nS + K-1 - k, c], whole windows only. Of equal samples the oldest counts,
 * and gets the gradient; a NaN wins over every number.
 */
class MaxPool extends WindowLayer {
  protected override forward(x: number, count: number, y: number): void {
    const { kernelSize, stride } = this.windowing;
    const { channels } = this.line;
    this.engine.kernels.maxPool(x, stride * channels, count, kernelSize, channels, y);
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const { kernelSize, stride } = this.windowing;
    const { channels } = this.line;
    const step = stride * channels;
    this.engine.kernels.maxPoolGradient(this.windowAt(first), step, g, count, kernelSize, channels, dx, step);
  }
}
