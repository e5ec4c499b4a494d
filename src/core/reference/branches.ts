/**
 * Adds a shortcut to what some layers made of x, [frames, channels]: inner, [outputs, channels].
 *
 *     y[n, c] = inner[n, c] + x[h, c]          where output n hangs on frame h
 *
 * Where h lies behind the end of the recording nothing is added.
 */
export function residual(
  x: Float64Array,
  inner: Float64Array,
  channels: number,
  hang: (output: number) => number,
): Float64Array {
  return inner.map((y, i) => {
    const at = hang(Math.floor(i / channels)) * channels + (i % channels);
    return at < x.length ? y + x[at] : y;
  });
}

/** What ∂L/∂x, [frames, channels], gets through the shortcut: the g = ∂L/∂y of every output that hangs on the frame. */
export function shortcutGradient(
  frames: number,
  g: Float64Array,
  channels: number,
  hang: (output: number) => number,
): Float64Array {
  const input = new Float64Array(frames * channels);
  g.forEach((gradient, i) => {
    const at = hang(Math.floor(i / channels)) * channels + (i % channels);
    if (at < input.length) input[at] += gradient;
  });
  return input;
}

/** What one branch of a concat gives, and how many outputs of it are left out before the first that meets the others. */
export interface BranchOutput {
  /** [outputs, channels]. */
  samples: Float64Array;
  channels: number;
  skip: number;
}

/** The outputs of several branches side by side: y[n] is output n + drop of every branch, as long as all have one. */
export function concat(branches: readonly BranchOutput[]): Float64Array {
  const rows = Array.from({ length: commonOutputs(branches) }, (_, n) =>
    branches.flatMap(({ samples, channels, skip: drop }) => [
      ...samples.subarray((n + drop) * channels, (n + drop + 1) * channels),
    ]),
  );
  return Float64Array.from(rows.flat());
}

/** ∂L/∂ of every branch's outputs, each in the shape of its samples, given g = ∂L/∂y. What was left out gets none. */
export function concatGradients(branches: readonly BranchOutput[], g: ArrayLike<number>): Float64Array[] {
  const width = branches.reduce((sum, { channels }) => sum + channels, 0);
  let first = 0;
  return branches.map(({ samples, channels, skip: drop }) => {
    const own = new Float64Array(samples.length);
    for (let n = 0; n < commonOutputs(branches); n++) {
      for (let c = 0; c < channels; c++) own[(n + drop) * channels + c] = g[n * width + first + c];
    }
    first += channels;
    return own;
  });
}

/** How many outputs all branches have. */
export function commonOutputs(branches: readonly BranchOutput[]): number {
  const left = branches.map(({ samples, channels, skip: drop }) => samples.length / channels - drop);
  return Math.max(0, Math.min(...left));
}
