import type { FrameStream } from './play.ts';
import type { Weights } from '../core/network/weights.ts';

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
