import type { Weights } from '../core/network/weights.ts';

/**
 * A stream to verify: anything that maps frames to frames as they arrive, such as a `NetworkStream` or your own layer.
 */
export interface FrameStream {
  /** x [frames, inChannels] → [frames', outChannels]; frames' may be 0. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array;
  /** Validity of the frames written last, one byte each. */
  readonly valid?: Uint8Array;
  /** Handles missing frames; equals pushing that many invalid zeros. */
  skip?(count: number): Float32Array;
}

/** Result of a push: samples and validity. */
export interface Output {
  samples: number[];
  valid: number[];
}

/** Pushes x in blocks of `blockLengths` frames, and the rest in one last block. Returns the concatenated outputs. */
export function pushInBlocks(
  stream: FrameStream,
  x: Float32Array,
  channels: number,
  blockLengths: readonly number[] = [],
): Output {
  const out: Output = { samples: [], valid: [] };
  let from = 0;
  for (const frames of [...blockLengths, Infinity]) {
    const to = Math.min(x.length, from + frames * channels);
    append(out, stream.push(x.slice(from, to)), stream);
    from = to;
  }
  return out;
}

/** Pushes x frame by frame. Returns the outputs of each frame. */
export function pushByFrame(stream: FrameStream, x: Float32Array, channels: number): Output[] {
  return Array.from({ length: x.length / channels }, (_, t) =>
    append({ samples: [], valid: [] }, stream.push(x.slice(t * channels, (t + 1) * channels)), stream),
  );
}

/** Appends the result of a push to `out`. */
export function append(out: Output, samples: Float32Array, { valid }: FrameStream): Output {
  out.samples.push(...samples);
  if (valid) out.valid.push(...valid);
  return out;
}

/** A stream that computes gradients, such as `network.stream({ gradients: true })`. */
export interface LearningStream extends FrameStream {
  /**
   * Processes ∂L/∂y of the oldest outputs without a gradient, [n, outChannels]. Returns the rows of ∂L/∂x that became
   * final, [m, inChannels].
   */
  backward(gradY: Float32Array): Float32Array;
  /** Returns the remaining rows of ∂L/∂x, [m, inChannels], after the last call of `backward`. */
  flushGradient(): Float32Array;
  /** Returns the outputs after the last frame, [m, outChannels]. Optional: only some modes have such a tail. */
  flush?(): Float32Array;
  /** Returns ∂L/∂w of every weight by name, accumulated over the stream. */
  gradients?(): Weights;
  /** Returns the complete state of the stream, which `restore` accepts. */
  save?(): Uint8Array;
}

/** A layer or network that creates streams; a `Network` is one. */
export interface LayerUnderTest {
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Number of channels per output frame. */
  readonly outChannels: number;
  /** Creates a stream at its start. With `gradients`, it must accept `maxPending` outputs without a gradient. */
  stream(options?: { gradients?: boolean; maxPending?: number }): LearningStream;
  /** Restores a stream from the bytes that its `save` returned. Required to verify saving. */
  restore?(bytes: Uint8Array): LearningStream;
  /** Returns copies of the weights by name. */
  weights?(): Weights;
  /** Replaces all weights. Required to verify the gradients of weights. */
  setWeights?(weights: Weights): void;
}
