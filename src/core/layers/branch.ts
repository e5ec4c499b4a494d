import type { StreamContext } from './layer.ts';
import type { LayerStack } from './layer-stack.ts';
import { RowQueue } from '../memory/row-queue.ts';
import { validAt, type Rows } from '../memory/rows.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import type { ParameterGradients } from './parameter-gradients.ts';

/** One branch of a concat: a layer stack, and the outputs and gradients that wait for those of the other branches. */
export class Branch {
  readonly trained: readonly ParameterGradients[];
  readonly width: number;
  /** Outputs that wait for those of the other branches, each followed by its validity. */
  readonly outputs: RowQueue;
  /** Gradient rows that wait for those of the other branches. */
  readonly gradientRows: RowQueue;
  readonly #stack: LayerStack;
  readonly #row: Float32Array;
  readonly #context: StreamContext;
  /** Number of outputs that are still to be skipped at the start. */
  #toSkip: number;
  /** Number of skipped outputs whose gradient, zero, has not been passed to the stack. */
  #skippedPending = 0;
  /** Number of outputs whose gradients the stack no longer accepts, although the concat will still receive them. */
  #late = 0;

  constructor(stack: LayerStack, skip: number, context: StreamContext) {
    this.#stack = stack;
    this.#toSkip = skip;
    this.#context = context;
    this.trained = stack.trained;
    this.width = stack.outChannels;
    this.outputs = new RowQueue(this.width + 1);
    this.gradientRows = new RowQueue(stack.inChannels);
    this.#row = new Float32Array(this.width + 1);
  }

  push(x: Rows): void {
    this.#queueOutputs(this.#stack.forward(x));
  }

  flush(): void {
    this.#queueOutputs(this.#stack.flush());
  }

  /** Runs this branch's channels of the gradient rows `g`, from channel `from` on, backward through the stack. */
  backward(g: Rows, from: number): void {
    const { engine } = this.#context;
    const late = Math.min(this.#late, g.count);
    this.#late -= late;
    const own = engine.scratch.rows(this.#skippedPending + g.count - late, this.width);
    const { f32 } = engine.arena;
    f32.fill(0, own.at, own.at + this.#skippedPending * this.width);
    let at = own.at + this.#skippedPending * this.width;
    for (let i = late; i < g.count; i++) {
      for (let c = 0; c < this.width; c++) f32[at++] = f32[g.at + i * g.channels + from + c];
    }
    this.#skippedPending = 0;
    this.#queueGradients(this.#stack.backward(own));
  }

  truncateGradient(): void {
    this.#queueGradients(this.#stack.truncateGradient());
  }

  flushGradient(): void {
    this.#skippedPending = 0;
    this.#late = this.outputs.count;
    this.#queueGradients(this.#stack.flushGradient());
  }

  advanceIndexes(frames: number): number {
    return this.#stack.advanceIndexes(frames);
  }

  save(): State {
    const counts = { drop: this.#toSkip, owed: this.#skippedPending, late: this.#late };
    const queues = { outputs: this.outputs.save(), rows: this.gradientRows.save() };
    return { ...counts, ...queues, stack: this.#stack.save() };
  }

  restore(state: State): void {
    this.#toSkip = numberIn(state, 'drop');
    this.#skippedPending = numberIn(state, 'owed');
    this.#late = numberIn(state, 'late');
    this.outputs.restore(stateIn(state, 'outputs'));
    this.gradientRows.restore(stateIn(state, 'rows'));
    this.#stack.restore(stateIn(state, 'stack'));
  }

  #queueOutputs(y: Rows): void {
    const { f32 } = this.#context.engine.arena;
    for (let i = 0; i < y.count; i++) {
      if (this.#toSkip > 0) {
        this.#toSkip--;
        this.#skippedPending++;
        continue;
      }
      for (let c = 0; c < this.width; c++) this.#row[c] = f32[y.at + i * this.width + c];
      this.#row[this.width] = validAt(y, i);
      this.outputs.push(this.#row, 0);
    }
  }

  #queueGradients(rows: Rows): void {
    const { f32 } = this.#context.engine.arena;
    for (let i = 0; i < rows.count; i++) this.gradientRows.push(f32, rows.at + i * rows.channels);
  }
}
