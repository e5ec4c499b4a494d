import { positive, oneOf } from './check.ts';
import { trained, type Layer, type LayerOptions, type Trained } from './layer.ts';
import type { LayerContext, NormSpec } from './network-spec.ts';
import { rowLayer, RowLayer } from './row-layer.ts';
import { RowQueue } from './row-queue.ts';
import { Standardizer } from './standardizer.ts';
import { stateIn, type State } from './state.ts';

/**
 * Checks a norm. 'affine': y = w[c] x + b[c], which a trained batch norm is. 'running': y = (x - m) / √v with the causal
 * running statistics of a `Standardizer` of `tau` frames (default 100), which the gradient takes as constants.
 */
export function normLayer(spec: NormSpec, { inChannels }: LayerContext): Layer {
  const kind = oneOf('kind', spec.kind, ['affine', 'running']);
  const row = rowLayer(spec.type, inChannels);
  if (kind === 'running') {
    const tau = positive('tau', spec.tau ?? 100, 'frames');
    return { ...row, bytes: 24 * inChannels, stream: (_, options) => new RunningNorm(tau, inChannels, options) };
  }
  const parameters = [
    { name: 'weight', shape: [inChannels], start: 1 },
    { name: 'bias', shape: [inChannels], start: 0 },
  ];
  return {
    ...row,
    macs: inChannels,
    parameters,
    stream: (values, options) => new AffineNorm(values, inChannels, options),
  };
}

class AffineNorm extends RowLayer {
  override readonly trained: readonly Trained[];
  readonly #values: readonly Float32Array[];

  constructor(values: readonly Float32Array[], channels: number, { gradients }: LayerOptions) {
    super(channels, gradients);
    this.#values = values;
    this.trained = gradients ? [trained(values)] : [];
  }

  protected override forward(x: Float32Array, from: number, y: Float32Array, at: number): void {
    const [weight, bias] = this.#values;
    for (let c = 0; c < this.channels; c++) y[at + c] = Math.fround(Math.fround(x[from + c] * weight[c]) + bias[c]);
  }

  protected override back(
    x: Float32Array,
    from: number,
    g: Float32Array,
    gAt: number,
    dx: Float32Array,
    at: number,
  ): void {
    const [sums] = this.trained;
    const [weight, bias] = sums.gradients;
    for (let c = 0; c < this.channels; c++) {
      const dead = g[gAt + c] === 0 || !Number.isFinite(x[from + c]);
      const dy = dead ? 0 : g[gAt + c];
      dx[at + c] = dy * this.#values[0][c];
      if (dead) continue;
      weight[c] = Math.fround(weight[c] + Math.fround(dy * x[from + c]));
      bias[c] = Math.fround(bias[c] + dy);
      sums.energy += (x[from + c] * x[from + c] + 1) / this.channels;
    }
  }
}

class RunningNorm extends RowLayer {
  readonly #standardizer: Standardizer;
  readonly #row: Float32Array;
  readonly #valid = new Uint8Array(1);
  /** 1 / √v of the frames whose gradient has not come. */
  readonly #scales: RowQueue | null;

  constructor(tau: number, channels: number, { gradients }: LayerOptions) {
    super(channels, gradients);
    this.#standardizer = new Standardizer({ channels, frames: tau });
    this.#row = new Float32Array(channels);
    this.#scales = gradients ? new RowQueue(channels) : null;
  }

  protected override forward(x: Float32Array, from: number, y: Float32Array, at: number, valid: number): void {
    const row = this.#row;
    for (let c = 0; c < row.length; c++) row[c] = x[from + c];
    this.#valid[0] = valid;
    const z = this.#standardizer.push(row, this.#valid);
    for (let c = 0; c < row.length; c++) y[at + c] = z[c];
    if (!this.#scales) return;
    const { spread } = this.#standardizer.statistics();
    for (let c = 0; c < row.length; c++) row[c] = this.#standardizer.hasSpread(c) ? 1 / spread[c] : 0;
    this.#scales.push(row, 0);
  }

  protected override back(
    _x: Float32Array,
    _from: number,
    g: Float32Array,
    gAt: number,
    dx: Float32Array,
    at: number,
  ): void {
    const scales = this.#scales!;
    for (let c = 0; c < this.channels; c++) dx[at + c] = g[gAt + c] === 0 ? 0 : g[gAt + c] * scales.data[scales.at + c];
    scales.drop(1);
  }

  override flushGradient(dx: Parameters<RowLayer['flushGradient']>[0]): void {
    super.flushGradient(dx);
    this.#scales?.drop(this.#scales.count);
  }

  override save(): State {
    const statistics = this.#standardizer.save();
    return { ...super.save(), statistics, ...(this.#scales && { scales: this.#scales.save() }) };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#standardizer.restore(stateIn(state, 'statistics'));
    this.#scales?.restore(stateIn(state, 'scales'));
  }
}
