import { type Block, checkBlock, frameCount, timeOf } from '../blocks/block.ts';
import { invalid } from '../check.ts';
import type { Pace } from '../layers/pace.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { NetworkSpec } from './network-spec.ts';
import { NetworkStream } from './network-stream.ts';
import { Network } from './network.ts';
import { OutputMemory } from './output-memory.ts';
import type { StreamOptions } from './stream-options.ts';

/**
 * Runs one stream of blocks through one network. Keeps the absolute index, so that gaps preserve the phase of every
 * stride.
 */
export class Convolver {
  readonly #networkFor: (channels: number) => Network;
  readonly #options: StreamOptions;
  readonly #memory = new OutputMemory();
  #stream: NetworkStream | null = null;
  #last: Block | null = null;

  private constructor(networkFor: (channels: number) => Network, options: StreamOptions) {
    this.#networkFor = networkFor;
    this.#options = options;
  }

  /**
   * Checks a network, a spec, or a kernel once, and returns a function that creates convolvers with their own state.
   */
  static of(network: Network | NetworkSpec | ArrayLike<number>, options: StreamOptions = {}): () => Convolver {
    if (network instanceof Network) return () => new Convolver(() => network, options);
    if (isKernel(network)) {
      kernelNetwork(network, 1);
      return () => new Convolver((channels) => kernelNetwork(network, channels), options);
    }
    const created = Network.create(network);
    return () => new Convolver(() => created, options);
  }

  /**
   * Returns the outputs aligned with frames of `block`, or null if there are none. Throws RangeError if the block does
   * not fit.
   */
  push(block: Block): Block | null {
    checkBlock(block);
    const stream = (this.#stream ??= this.#networkFor(block.channels).stream(this.#options));
    const { inChannels, pace } = stream.network;
    if (block.channels !== inChannels) throw invalid('block.channels', `${inChannels}`, block.channels);
    const missing = block.start - stream.index;
    if (missing < 0) throw invalid('block.start', `>= ${stream.index}, the next frame`, block.start);
    if (missing > 0) stream.jump(missing);
    if (frameCount(block) > 0) this.#last = block;
    const first = pace.outputsAfter(stream.index);
    return this.#derive(block, first, stream.pushTo(this.#memory, block.data, block.valid));
  }

  /** Ends the stream and returns the tail, or null if there is none. */
  flush(): Block | null {
    if (!this.#stream || !this.#last) return null;
    const first = this.#stream.network.pace.outputsAfter(this.#stream.index);
    return this.#derive(this.#last, first, this.#stream.flush());
  }

  /** Computes in advance what the next outputs need of the frames received so far. See `ForwardStream.prepare`. */
  prepare(): void {
    this.#stream?.prepare();
  }

  /** Releases the stream's memory. */
  close(): void {
    this.#stream?.close();
  }

  save(): State {
    const { channels, start, rate, time } = this.#last ?? { channels: 0, start: 0, rate: 0, time: 0 };
    return { channels, start, rate, time, ...(this.#stream && { stream: this.#stream.state() }) };
  }

  /** Restores what `save` returned. Throws if it is not the state of such a convolver. */
  restore(state: State): void {
    if (!('stream' in state)) return;
    const [channels, start, rate, time] = ['channels', 'start', 'rate', 'time'].map((name) => numberIn(state, name));
    this.#stream = NetworkStream.of(this.#networkFor(channels), stateIn(state, 'stream'), this.#options.fft);
    this.#last = channels > 0 ? { data: new Float32Array(0), channels, start, rate, time } : null;
  }

  #derive(block: Block, start: number, data: Float32Array): Block | null {
    if (data.length === 0) return null;
    const { network, valid } = this.#stream!;
    return derivedBlock(block, network.pace, start, { data, channels: network.outChannels, valid });
  }
}

function isKernel(network: NetworkSpec | ArrayLike<number>): network is ArrayLike<number> {
  return Array.isArray(network) || ArrayBuffer.isView(network);
}

/** Creates a network that applies one kernel to every channel separately. */
function kernelNetwork(taps: ArrayLike<number>, channels: number): Network {
  if (taps.length === 0 || !Array.from(taps).every(Number.isFinite)) {
    throw invalid('kernel', 'one or more finite numbers', Array.from(taps));
  }
  const data = Float32Array.from({ length: taps.length * channels }, (_, i) => taps[i % taps.length]);
  return Network.create(
    {
      inChannels: channels,
      layers: [{ type: 'conv1d', outChannels: channels, kernelSize: taps.length, groups: channels, bias: false }],
    },
    { weights: { 'layers.0.weight': { shape: [channels, taps.length, 1], data } } },
  );
}

/** The outputs of a layer: their samples, channels, and validity. The arrays become part of the derived block. */
export interface Outputs {
  readonly data: Float32Array;
  readonly channels: number;
  readonly valid: Uint8Array;
}

/**
 * Creates the block of the outputs for `source`. `start` counts outputs, `rate` is the source's rate divided by the
 * strides, and `time` is the time of the frame that the first output is aligned with.
 *
 * @param pace the combined pace of the layers between the source and the outputs
 * @param start index of the first output
 */
export function derivedBlock(source: Block, pace: Pace, start: number, outputs: Outputs): Block {
  const { data, channels, valid } = outputs;
  const rate = (source.rate * pace.up) / pace.stride;
  return { data, channels, start, rate, time: timeOf(source, pace.alignedFrame(start)), valid };
}
