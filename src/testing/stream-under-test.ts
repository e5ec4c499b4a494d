import type { Weights } from '../core/network/weights.ts';

/** What is verified: anything that turns frames into frames as they come, such as a `NetworkStream` or a layer of yours. */
export interface FrameStream {
  /** x [frames, inChannels] → [frames', outChannels]; frames' may be 0. */
  push(x: Float32Array, valid?: Uint8Array): Float32Array;
  /** Validity of the frames written last, one byte each. */
  readonly valid?: Uint8Array;
  /** Frames that never came; as pushing that many invalid zeros. */
  skip?(count: number): Float32Array;
}

/** One piece of a push: its samples and its validity. */
export interface Output {
  samples: number[];
  valid: number[];
}

/** Pushes x in blocks of the frames that `cut` says, the rest in one last block; what came, put together. */
export function pushInBlocks(
  stream: FrameStream,
  x: Float32Array,
  channels: number,
  cut: readonly number[] = [],
): Output {
  const out: Output = { samples: [], valid: [] };
  let from = 0;
  for (const frames of [...cut, Infinity]) {
    const to = Math.min(x.length, from + frames * channels);
    append(out, stream.push(x.slice(from, to)), stream);
    from = to;
  }
  return out;
}

/** Pushes x frame by frame; what came with each frame. */
export function pushByFrame(stream: FrameStream, x: Float32Array, channels: number): Output[] {
  return Array.from({ length: x.length / channels }, (_, t) =>
    append({ samples: [], valid: [] }, stream.push(x.slice(t * channels, (t + 1) * channels)), stream),
  );
}

/** Adds what a push returned to `out`. */
export function append(out: Output, samples: Float32Array, { valid }: FrameStream): Output {
  out.samples.push(...samples);
  if (valid) out.valid.push(...valid);
  return out;
}

/** A stream that learns, as `network.stream({ gradients: true })` makes it. */
export interface LearningStream extends FrameStream {
  backward(gradY: Float32Array): Float32Array;
  flushGradient(): Float32Array;
  /** The tail, where there is one. */
  flush?(): Float32Array;
  gradients?(): Weights;
  save?(): Uint8Array;
}

/** What makes streams of one layer, or of a stack: a `Network` is one. */
export interface LayerUnderTest {
  readonly inChannels: number;
  readonly outChannels: number;
  stream(options?: { gradients?: boolean; maxPending?: number }): LearningStream;
  restore?(bytes: Uint8Array): LearningStream;
  weights?(): Weights;
  setWeights?(weights: Weights): void;
}
