import { positive, oneOf } from '../check.ts';
import type { Layer, StreamContext } from './layer.ts';
import type { LayerContext, NormSpec } from './layer-spec.ts';
import { rowLayer, RowLayer } from './row-layer.ts';
import { RowQueue } from '../memory/row-queue.ts';
import { validAt, type Rows } from '../memory/rows.ts';
import { Standardizer } from '../filters/standardizer.ts';
import { stateIn, type State } from '../state/state.ts';
import { ParameterGradients, type MemoryRange } from './parameter-gradients.ts';

/**
 * Checks the spec of a norm. 'affine': y = w[c] x + b[c], which represents a trained batch norm. 'running':
 * y = (x - m) / √v with the causal running statistics of a `Standardizer` with a time constant of `tau` frames
 * (default 100), which the gradient treats as constants.
 */
export function normLayer(spec: NormSpec, { inChannels }: LayerContext): Layer {
  const kind = oneOf('kind', spec.kind, ['affine', 'running']);
  const row = rowLayer(spec.type, inChannels);
  if (kind === 'running') {
    const tau = positive('tau', spec.tau ?? 100, 'frames');
    const memory = (gradients: boolean) => {
      const { arena, objects } = row.memory(gradients);
      return { arena, objects: objects + 900 + 24 * inChannels };
    };
    return { ...row, memory, stream: (_, context) => new RunningNorm(tau, inChannels, context) };
  }
  const parameters = [
    { name: 'weight', shape: [inChannels], start: 1 },
    { name: 'bias', shape: [inChannels], start: 0 },
  ];
  return {
    ...row,
    macs: inChannels,
    parameters,
    stream: (values, context) => new AffineNorm(values, inChannels, context),
  };
}

class AffineNorm extends RowLayer {
  override readonly trained: readonly ParameterGradients[];
  readonly #weight: number;
  readonly #bias: number;

  constructor(values: readonly MemoryRange[], channels: number, context: StreamContext) {
    super(channels, context);
    this.#weight = values[0].at;
    this.#bias = values[1].at;
    this.trained = context.gradients ? [new ParameterGradients(context.engine, context.allocation, values)] : [];
  }

  protected override forward({ at, count }: Rows, y: number): void {
    const { f32 } = this.engine.arena;
    for (let i = 0; i < count * this.channels; i++) {
      const c = i % this.channels;
      f32[y + i] = Math.fround(Math.fround(f32[at + i] * f32[this.#weight + c]) + f32[this.#bias + c]);
    }
  }

  protected override backwardRows(x: number, count: number, g: number, dx: number): void {
    const [sums] = this.trained;
    const [weight, bias] = [sums.gradient(0), sums.gradient(1)];
    const { f32 } = this.engine.arena;
    for (let i = 0; i < count * this.channels; i++) {
      const c = i % this.channels;
      const input = f32[x + i];
      const blocked = f32[g + i] === 0 || !Number.isFinite(input);
      const dy = blocked ? 0 : f32[g + i];
      f32[dx + i] = dy * f32[this.#weight + c];
      if (blocked) continue;
      f32[weight + c] = Math.fround(f32[weight + c] + Math.fround(dy * input));
      f32[bias + c] = Math.fround(f32[bias + c] + dy);
      sums.energy += (input * input + 1) / this.channels;
    }
    sums.markDirty();
  }
}

class RunningNorm extends RowLayer {
  readonly #standardizer: Standardizer;
  readonly #row: Float32Array;
  /** The factor of each channel of the current frame. */
  readonly #scale: Float32Array;
  readonly #valid = new Uint8Array(1);
  /** 1 / √v of the frames that have not received their gradient. */
  readonly #scales: RowQueue | null;

  constructor(tau: number, channels: number, context: StreamContext) {
    super(channels, context);
    this.#standardizer = new Standardizer({ channels, frames: tau });
    this.#row = new Float32Array(channels);
    this.#scale = new Float32Array(channels);
    this.#scales = context.gradients ? new RowQueue(channels) : null;
  }

  protected override forward(x: Rows, y: number): void {
    for (let i = 0; i < x.count; i++) this.#standardize(x, i, y + i * this.channels);
  }

  protected override backwardRows(_x: number, count: number, g: number, dx: number): void {
    const { f32 } = this.engine.arena;
    const scales = this.#scales!;
    for (let i = 0; i < count * this.channels; i++)
      f32[dx + i] = f32[g + i] === 0 ? 0 : f32[g + i] * scales.data[scales.at + i];
    scales.remove(count);
  }

  override flushGradient(): Rows {
    this.#scales?.remove(this.#scales.count);
    return super.flushGradient();
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

  #standardize(x: Rows, i: number, y: number): void {
    const { f32 } = this.engine.arena;
    const row = this.#row;
    const from = x.at + i * row.length;
    for (let c = 0; c < row.length; c++) row[c] = f32[from + c];
    this.#valid[0] = validAt(x, i);
    f32.set(this.#standardizer.push(row, this.#valid, this.#scale), y);
    this.#scales?.push(this.#scale, 0);
  }
}
