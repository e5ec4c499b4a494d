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
