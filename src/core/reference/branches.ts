/**
 * Adds a shortcut to the outputs of some layers, inner [outputs, channels], for their input x [frames, channels].
 *
 *     y[n, c] = inner[n, c] + x[h, c]          where output n is aligned with frame h
 *
 * Nothing is added where h is after the end of the recording.
 */
export function residual(
  x: Float64Array,
  inner: Float64Array,
  channels: number,
  alignedFrame: (output: number) => number,
): Float64Array {
  return inner.map((y, i) => {
    const at = alignedFrame(Math.floor(i / channels)) * channels + (i % channels);
    return at < x.length ? y + x[at] : y;
  });
}

/**
 * Returns the part of ∂L/∂x, [frames, channels], that passes through the shortcut: the sum of g = ∂L/∂y over the
 * outputs aligned with each frame.
 */
export function shortcutGradient(
  frames: number,
  g: Float64Array,
  channels: number,
  alignedFrame: (output: number) => number,
): Float64Array {
  const input = new Float64Array(frames * channels);
  g.forEach((gradient, i) => {
    const at = alignedFrame(Math.floor(i / channels)) * channels + (i % channels);
    if (at < input.length) input[at] += gradient;
  });
  return input;
}

/**
 * The outputs of one branch of a concat, and the number of outputs skipped so that the rest is aligned with the other
 * branches.
 */
export interface BranchOutput {
  /** [outputs, channels]. */
  samples: Float64Array;
  channels: number;
  skip: number;
}

/**
 * Joins the channels of several branches: y[n] consists of output n + skip of every branch, as long as all have one.
 */
export function concat(branches: readonly BranchOutput[]): Float64Array {
  const rows = Array.from({ length: commonOutputs(branches) }, (_, n) =>
    branches.flatMap(({ samples, channels, skip }) => [
      ...samples.subarray((n + skip) * channels, (n + skip + 1) * channels),
    ]),
  );
  return Float64Array.from(rows.flat());
}

/** Returns ∂L/∂ of every branch's outputs, each in the shape of its samples, for g = ∂L/∂y. Skipped outputs get 0. */
export function concatGradients(branches: readonly BranchOutput[], g: ArrayLike<number>): Float64Array[] {
  const width = branches.reduce((sum, { channels }) => sum + channels, 0);
  let first = 0;
  return branches.map(({ samples, channels, skip }) => {
    const own = new Float64Array(samples.length);
    for (let n = 0; n < commonOutputs(branches); n++) {
      for (let c = 0; c < channels; c++) own[(n + skip) * channels + c] = g[n * width + first + c];
    }
    first += channels;
    return own;
  });
}

/** Returns the number of outputs that all branches have. */
export function commonOutputs(branches: readonly BranchOutput[]): number {
  const left = branches.map(({ samples, channels, skip }) => samples.length / channels - skip);
  return Math.max(0, Math.min(...left));
}
