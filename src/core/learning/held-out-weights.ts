import { validAt } from '../memory/rows.ts';
import { NetworkStream } from '../network/network-stream.ts';
import type { Network } from '../network/network.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { Evaluation } from './evaluation.ts';
import type { ForecastScore } from './forecast-score.ts';
import type { HeldOutFrames } from './held-out-frames.ts';
import { copiesOf, readInto } from './weight-arrays.ts';

/** Absolute frames from `from` to before `to`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Weights that were set aside, which predict the frames of windows without learning from them. */
export class HeldOutWeights {
  /** Absolute frame at which the weights were set aside: they depend on no target from this frame on. -1: not yet. */
  setAside = -1;
  /** Error in the current window: the sum over its frames of e² / `variances`, or of the loss if it is categorical. */
  error = 0;
  /** Number of frames in `error`. */
  count = 0;
  readonly #network: Network;
  readonly #evaluation: Evaluation;
  readonly #alignedFrame: (output: number) => number;
  readonly #lead: number;
  #stream: NetworkStream | null = null;
  #window: Span = { from: 0, to: 0 };

  /** @param network a copy, which the weights are stored in */
  constructor(network: Network, evaluation: Evaluation, lead: number) {
    this.#network = network;
    this.#evaluation = evaluation;
    this.#alignedFrame = network.pace.alignedFrame;
    this.#lead = lead;
  }

  /** The weights, in the engine's layout. */
  get packed(): Float32Array[] {
    return this.#network.packed();
  }

  /** Stores `weights`, which were set aside before frame `frame`. */
  store(weights: readonly Float32Array[], frame: number): void {
    this.#network.setPacked(weights);
    this.setAside = frame;
  }

  /**
   * Starts to predict, for the targets in `window`, and to add the results to `scores`. The outputs continue from `state`, that
   * of a stream of a network with the same layers.
   */
  open(state: State, window: Span, scores: readonly ForecastScore[]): void {
    this.#stream ??= new NetworkStream(this.#network);
    this.#stream.continueFrom(state);
    this.#window = window;
    this.error = this.count = 0;
    const evaluation = this.#evaluation;
    evaluation.scores = scores;
    evaluation.skipPredictions(this.#network.pace.outputsAfter(this.#stream.index) - evaluation.next);
    evaluation.skipTargets(this.#stream.index - evaluation.nextTarget);
  }

  /** Adds frames and their targets. `variances`: see `error`; null: the loss counts. */
  add({ count, frames, valid, targets, targetValid }: HeldOutFrames, variances: Float64Array | null): void {
    const [stream, evaluation, network] = [this.#stream!, this.#evaluation, this.#network];
    for (let i = 0; i < count; i++) evaluation.addTarget(targets, i * network.outChannels, targetValid[i]);
    this.#measure(variances);
    stream.feed(frames.subarray(0, count * network.inChannels), valid.subarray(0, count));
    const { outputs } = stream.stack;
    const { f32 } = network.engine.arena;
    const output = outputs[outputs.length - 1];
    for (let i = 0; i < output.count; i++) {
      const target = this.#alignedFrame(evaluation.next) + this.#lead;
      const isScored = target >= this.#window.from && target < this.#window.to;
      evaluation.addPrediction(f32, output.at + i * output.channels, isScored ? validAt(output, i) : 0, 0);
    }
    this.#measure(variances);
  }

  /** Skips missing frames. */
  jump(count: number): void {
    const [stream, evaluation] = [this.#stream!, this.#evaluation];
    stream.jump(count);
    evaluation.skipPredictions(this.#network.pace.outputsAfter(stream.index) - evaluation.next);
    evaluation.skipTargets(count);
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  /** @param isOpen whether the window is open, so that the stream must continue */
  save(isOpen: boolean): State {
    const { setAside, error, count } = this;
    return {
      setAside,
      error,
      count,
      weights: copiesOf(this.#network.packed()),
      evaluation: this.#evaluation.save(),
      from: this.#window.from,
      to: this.#window.to,
      ...(isOpen && this.#stream && { stream: this.#stream.state() }),
    };
  }

  restore(state: State, scores: readonly ForecastScore[]): void {
    this.setAside = numberIn(state, 'setAside');
    this.error = numberIn(state, 'error');
    this.count = numberIn(state, 'count');
    const weights = this.#network.packed();
    readInto(weights, stateIn(state, 'weights'));
    this.#network.setPacked(weights);
    this.#evaluation.restore(stateIn(state, 'evaluation'));
    this.#evaluation.scores = scores;
    this.#window = { from: numberIn(state, 'from'), to: numberIn(state, 'to') };
    this.close();
    if ('stream' in state) this.#stream = NetworkStream.of(this.#network, stateIn(state, 'stream'));
  }

  /** Adds the errors of all outputs whose target has been added. */
  #measure(variances: Float64Array | null): void {
    const { errors } = this.#evaluation;
    for (let found = this.#evaluation.evaluateNext(0); found; found = this.#evaluation.evaluateNext(0)) {
      if (found.skipReason === null) {
        this.count++;
        if (variances === null) this.error += found.loss;
        else for (let c = 0; c < variances.length; c++) this.error += errors.data[c] ** 2 / variances[c];
      }
      errors.clear();
    }
  }
}
