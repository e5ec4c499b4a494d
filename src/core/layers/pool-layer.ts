import { lineMemory } from '../memory/memory-size.ts';
import type { LayerContext, PoolSpec } from './layer-spec.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import { windowPace } from './pace.ts';
import { WindowLayer } from './window-layer.ts';
import { keptFrames, windowing, type Windowing } from './windowing.ts';

/**
 * Checks the spec of a pooling layer. Only whole windows are used, without padding, and the stride defaults to the
 * kernel size.
 */
function poolLayer(
  spec: PoolSpec,
  { inChannels }: LayerContext,
  stream: (windowing: Windowing, channels: number, context: StreamContext) => LayerStream,
): Layer {
  const { type, kernelSize, stride = kernelSize } = spec;
  const window = windowing({ kernelSize, stride, mode: 'valid' });
  return {
    type,
    inChannels,
    outChannels: inChannels,
    pace: windowPace(window),
    macs: inChannels * kernelSize,
    memory: (gradients) => lineMemory(inChannels, keptFrames(window), gradients),
    parameters: [],
    stream: (_, context) => stream(window, inChannels, context),
  };
}

/** Creates an average-pooling layer. */
export function avgPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, place) => new AvgPool(windowing, [channels, channels], place));
}

/**
 * Average pooling of a stream: y[n, c] = (1/K) Σ_k x[nS + K-1 - k, c], whole windows only.
 * The sum has the order of a convolution with ones, so block, step, and SIMD kernels give the same bits.
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

/** Creates a max-pooling layer. */
export function maxPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, place) => new MaxPool(windowing, [channels, channels], place));
}

/**
 * Max pooling of a stream: y[n, c] = max_k x[nS + K-1 - k, c], whole windows only. If several samples are largest, the
 * oldest one receives the gradient. NaN counts as larger than every number.
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
