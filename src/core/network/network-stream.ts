import { integer, list, checkCapacity } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import { ForwardStream } from './forward-stream.ts';
import type { CompiledNetwork } from './wired-network.ts';
import { steadyFrames } from '../layers/pace.ts';
import { readGradients } from '../memory/read-rows.ts';
import type { Rows } from '../memory/rows.ts';
import { restoreGradients, saveGradients } from '../layers/trained.ts';
import { encodeState } from '../state/state-file.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import { weightsOf, type Weights } from './weights.ts';

/**
 * The memory of one stream through one network: delay lines, gradient lines, absolute index. Never shared. What is pushed
 * forward (see `ForwardStream`) may be learned from, exactly: gradients of outputs go in, in order and late if need be, and
 * gradients of frames come out.
 */
export class NetworkStream extends ForwardStream {
  /** As `skip`, for who does not want the outputs: none is kept, and gradients still open are given up. */
  jump(count: number): void {
    const { gradients } = this.options;
    const steady = steadyFrames(this.pace, integer('count', count, 0));
    const step = gradients ? 1 : count - steady;
    if (gradients) this.#endGradients();
    for (let left = count - steady; left > 0; left -= step) {
      this.pushZeros(step);
      if (gradients) this.#endGradients();
    }
    this.ledger.countSkipped(steady, new Uint8Array(0));
    this.stack.shift(steady);
  }

  /**
   * Takes ∂L/∂y of the oldest outputs that have none yet, [n, out], and returns the rows of ∂L/∂x that became final.
   * A gradient that is no number counts as 0, so that it reaches no weight.
   */
  backward(gradY: ArrayLike<number>): Float32Array {
    return this.engine.scratch.copy(this.#backward(gradY));
  }

  /** The same without allocating: writes to `out`, which must have room for every row still open; returns the rows written. */
  backwardInto(gradY: ArrayLike<number>, out: Float32Array): number {
    const numbers = this.ledger.open * this.network.inChannels;
    if (!this.hasRoom(out, numbers)) checkCapacity('out', out, numbers);
    return this.engine.scratch.copyTo(this.#backward(gradY), out);
  }

  /** As `backward`, for who wants the weights' gradients only. @internal */
  accumulate(gradY: ArrayLike<number>): void {
    this.#backward(gradY);
  }

  /** Lets go every row that an output with a gradient hangs on: what later outputs add to it is lost. @internal */
  truncateGradient(): void {
    this.begin();
    this.ledger.open -= this.stack.release().count;
  }

  /** Forgets the gradients that have accumulated, and those under way. @internal */
  discardGradients(): void {
    this.truncateGradient();
    for (const layer of this.stack.trained) layer.discard();
  }

  /** No more gradients will come for the outputs so far: the rest of ∂L/∂x, [rows, in]. */
  flushGradient(): Float32Array {
    return this.engine.scratch.copy(this.#endGradients());
  }

  /** Copies of the gradients accumulated since the last update, by parameter name, in lag order like the weights. */
  gradients(): Weights {
    this.#checkGradients();
    this.checkOpen();
    const gradients = this.stack.trained.flatMap((layer) => layer.gradients());
    return weightsOf(this.network.parameters, gradients);
  }

  /** The memory of this stream as bytes, which `network.restore` makes a stream of again: to the last bit. */
  save(): Uint8Array {
    return encodeState('stream', this.state(), { network: this.network.spec });
  }

  /** The memory of this stream as plain data. @internal */
  state(): State {
    this.begin();
    const { gradients, skipInputGradient: blind, prewarm, eager, maxPending } = this.options;
    return {
      gradients: Number(gradients),
      blind: Number(blind),
      prewarm: Number(prewarm),
      eager: Number(eager),
      maxPending,
      ledger: this.ledger.save(),
      stack: this.stack.save(),
      sums: saveGradients(this.stack.trained),
    };
  }

  /** A stream of `network` with the memory of `state`. @internal */
  static of(network: CompiledNetwork, state: State, fft?: MakeTransform): NetworkStream {
    const stream = new NetworkStream(network, {
      gradients: numberIn(state, 'gradients') === 1,
      skipInputGradient: state.blind === 1,
      prewarm: numberIn(state, 'prewarm') === 1,
      eager: numberIn(state, 'eager') === 1,
      maxPending: numberIn(state, 'maxPending'),
      fft,
    });
    stream.ledger.restore(stateIn(state, 'ledger'));
    stream.stack.restore(stateIn(state, 'stack'));
    restoreGradients(stream.stack.trained, stateIn(state, 'sums'));
    return stream;
  }

  #backward(gradY: ArrayLike<number>): Rows {
    this.#checkGradients();
    const rows = this.ledger.gradientRows(list('gradY', gradY));
    this.begin();
    const dx = this.stack.backward(readGradients(this.engine, gradY, rows, this.network.outChannels));
    this.ledger.open -= dx.count;
    this.ledger.pending -= rows;
    return dx;
  }

  #endGradients(): Rows {
    this.#checkGradients();
    this.begin();
    const rows = this.stack.flushGradient();
    this.ledger.open -= rows.count;
    this.ledger.pending = 0;
    return rows;
  }

  #checkGradients(): void {
    if (!this.options.gradients) throw new TypeError('stream must be made with { gradients: true }, got one without');
  }
}
