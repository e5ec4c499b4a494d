import type { GradientLine } from './gradient-line.ts';
import type { Layer } from './layer.ts';
import type { LayerContext, PoolSpec } from './network-spec.ts';
import { poolLayer } from './pool-layer.ts';
import { WindowLayer } from './window-layer.ts';

export function maxPoolLayer(spec: PoolSpec, context: LayerContext): Layer {
  return poolLayer(spec, context, (windowing, channels, options) => new MaxPool(windowing, channels, options));
}

/**
 * Max pooling as a stream: y[n, c] = max_k x[nS + K-1 - k, c], whole windows only. Of equal samples the oldest counts,
 * and gets the gradient; a NaN wins over every number.
 */
export class MaxPool extends WindowLayer {
  protected override forward(oldest: number, out: Float32Array, at: number): void {
    const { channels, data } = this.line;
    const from = this.line.slot(oldest) * channels;
    for (let c = 0; c < channels; c++) out[at + c] = data[from + this.#winner(oldest, c) * channels + c];
  }

  protected override accumulate(oldest: number, g: Float32Array, at: number, line: GradientLine): void {
    const { channels, data } = line;
    const from = line.offset(oldest);
    for (let c = 0; c < channels; c++) {
      const cell = from + this.#winner(oldest, c) * channels + c;
      data[cell] = Math.fround(data[cell] + g[at + c]);
    }
  }

  /** The tap, counted from the oldest, that has the largest sample of channel `c`. */
  #winner(oldest: number, c: number): number {
    const { channels, data } = this.line;
    const from = this.line.slot(oldest) * channels + c;
    let winner = 0;
    for (let tap = 1; tap < this.windowing.kernelSize; tap++) {
      const best = data[from + winner * channels];
      const sample = data[from + tap * channels];
      if (sample > best || (Number.isNaN(sample) && !Number.isNaN(best))) winner = tap;
    }
    return winner;
  }
}
