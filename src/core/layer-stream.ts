import type { Frames } from './frames.ts';

/** The memory of one stream through one layer. Every method appends what became known to `out`. */
export interface LayerStream {
  /** Takes the frames of `x` and appends the outputs that hang on them. */
  push(x: Frames, out: Frames): void;
  /** The source has ended: appends the tail. */
  flush(out: Frames): void;
  /** Takes ∂L/∂y of the oldest outputs that have none yet and appends the rows of ∂L/∂x that became final. */
  backward(g: Frames, dx: Frames): void;
  /** No more gradients will come for the outputs so far: appends the rest of ∂L/∂x. */
  flushGradient(dx: Frames): void;
  /** How many outputs `frames` more inputs would bring. */
  outputsFor(frames: number): number;
  /** Moves the indexes on by `frames` inputs, a multiple of the stride, while the state stays: for a steady stream. */
  shift(frames: number): void;
}

/** A layer's trainable numbers, packed as the line lies: rows [out][j], j = (K-1-k)·C/groups + c, oldest tap first. */
export interface Parameters {
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
}

/** What accumulates beside `Parameters` in one stream until an optimizer takes it. */
export interface Gradients {
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  /** Σ over the outputs since the last update of Σ x² of their windows (+ 1 where there is a bias): NLMS divides by it. */
  energy: number;
}
