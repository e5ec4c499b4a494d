import { convolveStep } from '../kernels/convolve-step.ts';
import type { GradientLine } from './gradient-line.ts';
import type { Layer, LayerOptions } from './layer.ts';
import type { LayerContext, PoolSpec } from './network-spec.ts';
import { poolLayer } from './pool-layer.ts';
import { WindowLayer } from './window-layer.ts';
import type { Windowing } from './windowing.ts';

export function avgPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, options) => new AvgPool(windowing, channels, options));
}

/**
 * Average pooling as a stream: y[n, c] = (1/K) Σ_k x[nS + K-1 - k, c], whole windows only.
 * The sum keeps the order of a convolution with ones, so block, step and SIMD give the same bits.
 */
export class AvgPool extends WindowLayer {
  readonly #window: Float32Array;
  readonly #ones: Float32Array;

  constructor(windowing: Windowing, channels: number, options: LayerOptions) {
    super(windowing, channels, options);
    this.#window = new Float32Array(windowing.kernelSize);
    this.#ones = new Float32Array(windowing.kernelSize).fill(1);
  }

  protected override forward(oldest: number, out: Float32Array, at: number): void {
    const { kernelSize } = this.windowing;
    const { channels, data } = this.line;
    const from = this.line.slot(oldest) * channels;
    for (let c = 0; c < channels; c++) {
      for (let tap = 0; tap < kernelSize; tap++) this.#window[tap] = data[from + tap * channels + c];
      convolveStep(this.#window, 0, this.#ones, 0, kernelSize, null, 0, 1, out, at + c);
      out[at + c] = Math.fround(out[at + c] / kernelSize);
    }
  }

  protected override accumulate(oldest: number, g: Float32Array, at: number, line: GradientLine): void {
    const { kernelSize } = this.windowing;
    const { channels, data } = line;
    const from = line.offset(oldest);
    for (let c = 0; c < channels; c++) {
      const share = Math.fround(g[at + c] / kernelSize);
      for (let tap = 0; tap < kernelSize; tap++) {
        const cell = from + tap * channels + c;
        data[cell] = Math.fround(data[cell] + share);
      }
    }
  }
}
