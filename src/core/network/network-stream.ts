import { runWords } from '../../kernels/run-layout.ts';
import { checkCapacity, integer, invalid, list } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import { steadyFrames } from '../layers/pace.ts';
import { type Descent, restoreGradients, saveGradients } from '../layers/parameter-gradients.ts';
import { readGradients, type Rows } from '../memory/rows.ts';
import { encodeState } from '../state/state-file.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { ForwardStream } from './forward-stream.ts';
import { weightsOf, type Weights } from './weights.ts';
import type { CompiledNetwork } from './compiled-network.ts';

/**
 * The state of one stream through one network: delay lines, gradient lines, and absolute index. Do not share it between
 * streams of data. It adds exact back-propagation to `ForwardStream`: `backward` takes the gradients of outputs, in
 * order and at any later time, and returns the gradients of input frames. `close` releases its memory; otherwise the
 * memory is released when the stream is garbage-collected.
 */
export class NetworkStream extends ForwardStream {
  #finalRows = 0;

  /** Like `skip`, without returning the outputs. Gradients that are still open are not received afterward. */
  jump(count: number): void {
    const { gradients } = this.options;
    const steady = steadyFrames(this.pace, integer('count', count, 0));
    const step = gradients ? 1 : count - steady;
    if (gradients) this.#endGradients();
    for (let left = count - steady; left > 0; left -= step) {
      this.pushZeros(step);
      if (gradients) this.#endGradients();
    }
    this.countSkipped(steady, new Uint8Array(0));
    this.stack.advanceIndexes(steady);
  }

  /**
   * Takes ∂L/∂y of the oldest outputs without a gradient, [n, out], and returns the rows of ∂L/∂x that became final,
   * [rows, in]. NaN counts as 0, so that it reaches no weight.
   */
  backward(gradY: ArrayLike<number>): Float32Array {
    return this.engine.scratch.copy(this.#backward(gradY));
  }

  /**
   * Like `backward`, without allocating: writes to `out`, which must have room for every open row, and returns the
   * number of rows.
   */
  backwardInto(gradY: ArrayLike<number>, out: Float32Array): number {
    if (!this.#hasRoomForGradients(out)) checkCapacity('out', out, this.openFrames * this.inChannels);
    const rows = this.#backwardStepped(gradY, out);
    this.#finalRows = rows >= 0 ? rows : this.engine.scratch.copyTo(this.#backward(gradY), out);
    return this.#finalRows;
  }

  /** Like `backward`, for callers that need only the gradients of the weights. @internal */
  accumulate(gradY: ArrayLike<number>): void {
    if (this.#backwardStepped(gradY, null) < 0) this.#backward(gradY);
  }

  /** Number of rows of ∂L/∂x that the last `backwardInto` or `learnInto` returned. @internal */
  get finalRows(): number {
    return this.#finalRows;
  }

  /**
   * One learning step: `backwardInto(gradY, gradX)`, `descend(descent)`, and `pushInto(x, out)`, in one kernel call for
   * one finite frame of a settled stream. `gradX` null: like `accumulate`; `out` null: like `feed`. Returns the number of
   * outputs; the number of rows in `gradX` is in `finalRows`. @internal
   */
  learnInto(
    gradY: ArrayLike<number>,
    gradX: Float32Array | null,
    descent: Descent,
    x: ArrayLike<number>,
    out: Float32Array | null,
  ): number {
    const { program } = this;
    if (program?.running && this.acceptsFrame(x, out) && this.#hasRoomForGradients(gradX)) {
      const rows = this.#gradientRows(list('gradY', gradY));
      const count = program.learn(gradY, rows, gradX, descent, x, out);
      if (count >= 0) {
        this.#finalRows = program.finalRows;
        this.openFrames -= program.finalRows;
        this.pendingOutputs -= rows;
        this.countFrames(1, count);
        return count;
      }
    }
    if (gradX !== null) this.backwardInto(gradY, gradX);
    else this.accumulate(gradY);
    this.descend(descent);
    if (out !== null) return this.pushInto(x, out);
    this.feed(x);
    return this.stack.outputs[this.stack.outputs.length - 1].count;
  }

  /**
   * Allocates memory for a run of frames to train on, `numbers` numbers, and returns its offset. Returns -1 if the stream cannot
   * train on a run now. @internal
   */
  beginRun(numbers: number): number {
    const { program } = this;
    return program?.running && this.engine.kernels.train && this.accepts(1) ? program.beginRun(numbers) : -1;
  }

  /** Trains on the run at offset `run`. See the kernel `train`. @internal */
  train(run: number): void {
    this.program!.train(run);
    const { i32 } = this.engine.arena;
    this.countFrames(i32[run + runWords.done], i32[run + runWords.emitted]);
    this.openFrames -= i32[run + runWords.final];
    this.pendingOutputs -= i32[run + runWords.trained];
  }

  /** w ← w - µ g for all parameters, and clears the gradients. See `ParameterGradients.descend`. @internal */
  descend(descent: Descent): void {
    const { trained } = this.stack;
    if (!this.program?.running || !this.program.update(descent))
      for (let l = 0; l < trained.length; l++) trained[l].descend(descent);
  }

  /**
   * Ends the gradient of every row that an output with a gradient is aligned with. Contributions of later outputs are
   * lost. @internal
   */
  truncateGradient(): void {
    this.begin();
    this.openFrames -= this.stack.truncateGradient().count;
  }

  /** Discards the accumulated gradients and those in progress. @internal */
  discardGradients(): void {
    this.truncateGradient();
    for (const layer of this.stack.trained) layer.discard();
  }

  /** Ends the gradients of all outputs so far and returns the rest of ∂L/∂x, [rows, in]. */
  flushGradient(): Float32Array {
    return this.engine.scratch.copy(this.#endGradients());
  }

  /**
   * Returns copies of the gradients accumulated since the last update, by parameter name, in lag order like the
   * weights.
   */
  gradients(): Weights {
    this.#checkGradients();
    this.checkOpen();
    const gradients = this.stack.trained.flatMap((layer) => layer.gradients());
    return weightsOf(this.network.parameters, gradients);
  }

  /** Saves the state of this stream. `network.restore` creates a stream from it that continues with the same bits. */
  save(): Uint8Array {
    return encodeState('stream', this.state(), { network: this.network.spec });
  }

  /** Saves the state of this stream as plain data. @internal */
  state(): State {
    const { gradients, skipInputGradient, prewarm, eager, maxPending } = this.options;
    return {
      gradients: Number(gradients),
      blind: Number(skipInputGradient),
      prewarm: Number(prewarm),
      eager: Number(eager),
      maxPending,
      ...this.position(),
      sums: saveGradients(this.stack.trained),
    };
  }

  /** Saves what `continueFrom` needs. @internal */
  position(): State {
    this.begin();
    return { ledger: this.saveCounters(), stack: this.stack.save() };
  }

  /**
   * Continues from the saved position of a stream of a network with the same layers, without its gradients, and with the weights
   * of this stream's network. @internal
   */
  continueFrom(state: State): void {
    this.begin();
    this.restoreCounters({ ...stateIn(state, 'ledger'), pending: 0, open: 0 });
    this.stack.restore(stateIn(state, 'stack'));
  }

  /** Creates a stream of `network` from a saved state. @internal */
  static of(network: CompiledNetwork, state: State, fft?: MakeTransform): NetworkStream {
    const stream = new NetworkStream(network, {
      gradients: numberIn(state, 'gradients') === 1,
      skipInputGradient: state.blind === 1,
      prewarm: numberIn(state, 'prewarm') === 1,
      eager: numberIn(state, 'eager') === 1,
      maxPending: numberIn(state, 'maxPending'),
      fft,
    });
    stream.restoreCounters(stateIn(state, 'ledger'));
    stream.stack.restore(stateIn(state, 'stack'));
    restoreGradients(stream.stack.trained, stateIn(state, 'sums'));
    return stream;
  }

  #hasRoomForGradients(out: Float32Array | null): boolean {
    return out === null || this.hasRoom(out, this.openFrames * this.inChannels);
  }

  /**
   * Like `backward`, by the running program. Returns the number of rows, or -1 if nothing was done because the program does
   * not run or cannot do it.
   */
  #backwardStepped(gradY: ArrayLike<number>, out: Float32Array | null): number {
    const { program } = this;
    if (!program?.running || !this.options.gradients) return -1;
    const rows = this.#gradientRows(list('gradY', gradY));
    const final = program.backward(gradY, rows, out);
    if (final < 0) return -1;
    this.openFrames -= final;
    this.pendingOutputs -= rows;
    return final;
  }

  #backward(gradY: ArrayLike<number>): Rows {
    this.#checkGradients();
    const rows = this.#gradientRows(list('gradY', gradY));
    this.begin();
    const dx = this.stack.backward(readGradients(this.engine, gradY, rows, this.outChannels));
    this.openFrames -= dx.count;
    this.pendingOutputs -= rows;
    return dx;
  }

  /** Returns the number of rows in `gradY`. Throws if they do not match the pending outputs. */
  #gradientRows({ length }: ArrayLike<number>): number {
    const { outChannels } = this;
    const rows = length === outChannels ? 1 : length / outChannels;
    if (!Number.isInteger(rows)) throw invalid('gradY.length', `a multiple of the ${outChannels} channels`, length);
    if (rows > this.pendingOutputs)
      throw invalid('frames of gradY', `<= ${this.pendingOutputs}, the outputs without a gradient`, rows);
    return rows;
  }

  #endGradients(): Rows {
    this.#checkGradients();
    this.begin();
    const rows = this.stack.flushGradient();
    this.openFrames -= rows.count;
    this.pendingOutputs = 0;
    return rows;
  }

  #checkGradients(): void {
    if (!this.options.gradients)
      throw new TypeError('stream must be created with { gradients: true }, got one without');
  }
}
