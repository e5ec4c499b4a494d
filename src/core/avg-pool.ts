import type { Layer } from './layer.ts';
import type { LayerContext, PoolSpec } from './network-spec.ts';
import { poolLayer } from './pool-layer.ts';
import { WindowLayer } from './window-layer.ts';

export function avgPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, place) => new AvgPool(windowing, [channels, channels], place));
}

/**
 * Average pooling as a stream: y[n, c] = (1/K) Σ_k x[nS + K-1 - k, c], whole windows only.
 * The sum keeps the order of a convolution with ones, so block, step and SIMD give the same bits.
 */
class AvgPool extends WindowLayer {
  protected override forward(x: number, count: number, y: number): void {
    const { kernelSize, stride } = this.windowing;
    const { channels } = this.line;
    this.engine.kernels.avgPool(x, stride * channels, count, kernelSize, channels, y);
  }

  protected override accumulate(_first: number, count: number, g: number, dx: number): void {
    const { kernelSize, stride } = this.windowing;
    const { channels } = this.line;
    this.engine.kernels.avgPoolGradient(g, count, kernelSize, channels, dx, stride * channels);
  }
}
