import { words } from '../../kernels/program-layout.ts';
import { DelayLine } from '../memory/delay-line.ts';
import type { Engine } from '../memory/engine.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import { rowMemory } from '../memory/memory-size.ts';
import { identityPace } from './pace.ts';
import { copyValidity, type Rows } from '../memory/rows.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import type { ParameterGradients } from './parameter-gradients.ts';

/** Returns the properties shared by all layers that process each frame separately. */
export function rowLayer(type: string, channels: number): Omit<Layer, 'stream'> {
  const memory = (gradients: boolean) => rowMemory(channels, gradients);
  return { type, inChannels: channels, outChannels: channels, pace: identityPace, macs: 0, memory, parameters: [] };
}

/** A layer whose output n depends on input n only. With gradients, it keeps inputs until their gradient arrives. */
export abstract class RowLayer implements LayerStream {
  readonly trained: readonly ParameterGradients[] = [];
  protected readonly channels: number;
  protected readonly engine: Engine;
  /** Inputs from frame `#first` on that have not received their gradient. null without gradients. */
  readonly #inputs: DelayLine | null;
  #first = 0;

  constructor(channels: number, { engine, allocation, gradients }: StreamContext) {
    this.channels = channels;
    this.engine = engine;
    this.#inputs = gradients ? new DelayLine(allocation, channels, 0) : null;
  }

  /** Computes the outputs for the rows of `x` at offset `y`. */
  protected abstract forward(x: Rows, y: number): void;

  /** Computes ∂L/∂x for `count` input rows at `x` from ∂L/∂y at `g`, and adds to the parameter gradients. */
  protected abstract backwardRows(x: number, count: number, g: number, dx: number): void;

  push(x: Rows): Rows {
    this.#storeInputs(x);
    const out = this.engine.scratch.rows(x.count, this.channels);
    this.forward(x, out.at);
    copyValidity(out, x);
    return out;
  }

  flush(): Rows {
    return this.#noRows();
  }

  backward(g: Rows): Rows {
    const inputs = this.#inputs!;
    const dx = this.engine.scratch.rows(g.count, this.channels);
    if (g.count > 0) this.backwardRows(inputs.offset(this.#first), g.count, g.at, dx.at);
    this.#first += g.count;
    return dx;
  }

  truncateGradient(): Rows {
    return this.#noRows();
  }

  flushGradient(): Rows {
    const inputs = this.#inputs!;
    const rows = this.engine.scratch.rows(inputs.next - this.#first, this.channels);
    this.engine.kernels.fill(rows.at, rows.count * this.channels, 0);
    this.#first = inputs.next;
    return rows;
  }

  advanceIndexes(frames: number): number {
    return frames;
  }

  save(): State {
    return this.#inputs ? { first: this.#first, inputs: this.#inputs.save(this.#first) } : {};
  }

  restore(state: State): void {
    if (!this.#inputs) return;
    this.#first = numberIn(state, 'first');
    this.#inputs.restore(stateIn(state, 'inputs'));
  }

  /** Writes the state of the inputs to a program for the kernels. */
  protected writeInputs(layer: Int32Array): void {
    const inputs = this.#inputs;
    layer[words.learns] = Number(inputs !== null);
    if (!inputs) return;
    const { at, capacity, filled } = inputs.layout;
    layer[words.line] = at;
    layer[words.capacity] = capacity;
    layer[words.filled] = filled;
    layer[words.channels] = this.channels;
    layer[words.received] = this.#first - inputs.base;
  }

  /** Reads the state back after the kernels have processed `frames` frames. */
  protected readInputs(layer: Int32Array, frames: number): void {
    const inputs = this.#inputs;
    if (!inputs) return;
    inputs.advance(frames, layer[words.filled]);
    this.#first = inputs.base + layer[words.received];
  }

  #storeInputs({ at, count, channels }: Rows): void {
    const inputs = this.#inputs;
    for (let i = 0; inputs && i < count;) {
      const some = inputs.makeRoom(count - i, this.#first);
      this.engine.kernels.write(at + i * channels, inputs.append(some), some * channels);
      i += some;
    }
  }

  #noRows(): Rows {
    return this.engine.scratch.rows(0, this.channels);
  }
}
