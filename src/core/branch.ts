import { Frames } from './frames.ts';
import type { LayerOptions, Trained } from './layer.ts';
import type { LayerStack } from './layer-stack.ts';
import { RowQueue } from './row-queue.ts';
import { numberIn, stateIn, type State } from './state.ts';

/** One branch of a concat: a stack of layers, and what it has given that the other branches have not yet. */
export class Branch {
  readonly trained: readonly Trained[];
  readonly width: number;
  /** Outputs that wait for the other branches', with their validity behind their samples. */
  readonly outputs: RowQueue;
  /** Gradient rows that wait for the other branches'. */
  readonly rows: RowQueue;
  readonly #stack: LayerStack;
  readonly #row: Float32Array;
  readonly #gradient: Frames;
  readonly #gradients: boolean;
  /** Outputs still to be left out at the start. */
  #drop: number;
  /** Outputs left out whose gradient, zero, is still owed. */
  #owed = 0;
  /** Outputs given up by the stack but not by the concat: their gradient comes too late. */
  #late = 0;

  constructor(stack: LayerStack, drop: number, { gradients }: LayerOptions) {
    this.#stack = stack;
    this.#drop = drop;
    this.#gradients = gradients;
    this.trained = stack.trained;
    this.width = stack.outChannels;
    this.outputs = new RowQueue(this.width + 1);
    this.rows = new RowQueue(stack.input.channels);
    this.#row = new Float32Array(this.width + 1);
    this.#gradient = new Frames(this.width);
  }

  push(x: Frames): void {
    this.#take(this.#stack.forward(x, false));
  }

  flush(): void {
    this.#take(this.#stack.flush());
  }

  /** Takes this branch's part of the gradient rows `g`, the channels from `from` on. */
  backward(g: Frames, from: number): void {
    if (!this.#gradients) return;
    const own = this.#gradient;
    own.clear();
    own.appendZeros(this.#owed);
    this.#owed = 0;
    const late = Math.min(this.#late, g.count);
    this.#late -= late;
    own.reserve(g.count - late);
    for (let i = late; i < g.count; i++) {
      const at = own.count++ * this.width;
      for (let c = 0; c < this.width; c++) own.data[at + c] = g.data[i * g.channels + from + c];
    }
    this.#keep(this.#stack.backward(own));
  }

  release(): void {
    if (this.#gradients) this.#keep(this.#stack.release());
  }

  flushGradient(): void {
    if (!this.#gradients) return;
    this.#owed = 0;
    this.#late = this.outputs.count;
    this.#keep(this.#stack.flushGradient());
  }

  shift(frames: number): number {
    return this.#stack.shift(frames);
  }

  save(): State {
    const { outputs, rows } = this;
    const counts = { drop: this.#drop, owed: this.#owed, late: this.#late };
    return { ...counts, outputs: outputs.save(), rows: rows.save(), stack: this.#stack.save() };
  }

  restore(state: State): void {
    this.#drop = numberIn(state, 'drop');
    this.#owed = numberIn(state, 'owed');
    this.#late = numberIn(state, 'late');
    this.outputs.restore(stateIn(state, 'outputs'));
    this.rows.restore(stateIn(state, 'rows'));
    this.#stack.restore(stateIn(state, 'stack'));
  }

  #take(y: Frames): void {
    for (let i = 0; i < y.count; i++) {
      if (this.#drop > 0) {
        this.#drop--;
        this.#owed++;
        continue;
      }
      for (let c = 0; c < this.width; c++) this.#row[c] = y.data[i * this.width + c];
      this.#row[this.width] = y.valid[i];
      this.outputs.push(this.#row, 0);
    }
  }

  #keep(rows: Frames): void {
    for (let i = 0; i < rows.count; i++) this.rows.push(rows.data, i * rows.channels);
  }
}
