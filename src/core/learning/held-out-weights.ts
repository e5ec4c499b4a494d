import { NetworkStream } from '../network/network-stream.ts';
import type { Network } from '../network/network.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { ForecastScore } from './forecast-score.ts';
import type { HeldOutFrames } from './held-out-frames.ts';
import type { HeldOutOutputs, Span } from './held-out-outputs.ts';
import { copiesOf, readInto } from './weight-arrays.ts';

/** A copy of the weights that was set aside. It predicts the frames of a window but is not trained on them. */
export class HeldOutWeights {
  /** Absolute frame at which the weights were set aside: they depend on no target from this frame on. -1: not yet. */
  setAside = -1;
  readonly #network: Network;
  readonly #outputs: HeldOutOutputs;
  #stream: NetworkStream | null = null;
  #window: Span = { from: 0, to: 0 };

  /** @param network a copy, which the weights are stored in */
  constructor(network: Network, outputs: HeldOutOutputs) {
    this.#network = network;
    this.#outputs = outputs;
  }

  /** Error in the current window (`HeldOutOutputs`), and the number of outputs in it. */
  get error(): number {
    return this.#outputs.error;
  }

  get count(): number {
    return this.#outputs.count;
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
   * Starts to predict, for the targets in `window`, and to add the results to `scores`. The outputs continue from `position`,
   * that of a stream of a network with the same layers.
   */
  open(position: State, window: Span, scores: readonly ForecastScore[]): void {
    this.#stream ??= new NetworkStream(this.#network);
    this.#stream.continueFrom(position);
    this.#window = window;
    const outputs = this.#outputs;
    outputs.error = outputs.count = 0;
    outputs.scores = scores;
    outputs.moveTo(this.#network.pace.outputsAfter(this.#stream.index));
  }

  /** Adds frames whose targets have been added. `scales`: see `HeldOutOutputs.score`. */
  add({ count, frames, valid }: HeldOutFrames, scales: Float64Array | null): void {
    const [stream, network, heldOut] = [this.#stream!, this.#network, this.#outputs];
    heldOut.score(this.#window, scales);
    stream.feed(frames.subarray(0, count * network.inChannels), valid.subarray(0, count));
    const { outputs } = stream.stack;
    heldOut.addOutputs(network.engine.arena.f32, outputs[outputs.length - 1]);
    heldOut.score(this.#window, scales);
  }

  /** Skips missing frames. */
  jump(count: number): void {
    const stream = this.#stream!;
    stream.jump(count);
    this.#outputs.moveTo(this.#network.pace.outputsAfter(stream.index));
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  /** @param isOpen whether the window is open, so that the stream must continue */
  save(isOpen: boolean): State {
    return {
      setAside: this.setAside,
      weights: copiesOf(this.#network.packed()),
      outputs: this.#outputs.save(),
      from: this.#window.from,
      to: this.#window.to,
      ...(isOpen && this.#stream && { stream: this.#stream.state() }),
    };
  }

  restore(state: State, scores: readonly ForecastScore[]): void {
    this.setAside = numberIn(state, 'setAside');
    const weights = this.#network.packed();
    readInto(weights, stateIn(state, 'weights'));
    this.#network.setPacked(weights);
    this.#outputs.restore(stateIn(state, 'outputs'));
    this.#outputs.scores = scores;
    this.#window = { from: numberIn(state, 'from'), to: numberIn(state, 'to') };
    this.close();
    if ('stream' in state) this.#stream = NetworkStream.of(this.#network, stateIn(state, 'stream'));
  }
}

/** The weights that can be chosen. */
export interface Candidates {
  /** The best weights of the last comparison; at first those before the first update. */
  readonly chosen: HeldOutWeights;
  /** The weights at the start of the period. */
  readonly latest: HeldOutWeights;
  /** The mean of the weights at eight times in the period before. */
  readonly mean: HeldOutWeights;
}
