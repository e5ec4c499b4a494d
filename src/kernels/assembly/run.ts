import { activate } from './activations';
import { convolve, convolveTaps } from './convolution';
import { depthwise } from './depthwise';
import { copy } from './rows';
import { at } from './vector';

/** One layer of a program, in 32-bit words. The order is that of `words` in `../kernels.ts`. */
@unmanaged
class Layer {
  /** See `Kind`; otherwise 1 + the index of an activation. */
  kind: i32;
  alpha: f32;
  /** Offset of the delay line, capacity in frames, number of frames, and slot at which the next window begins. */
  line: i32;
  capacity: i32;
  filled: i32;
  window: i32;
  channels: i32;
  /** Frames per window, and frames between windows. */
  reach: i32;
  stride: i32;
  w: i32;
  b: i32;
  /** Numbers per window, or taps. */
  length: i32;
  outputs: i32;
  /** Offset of the outputs, relative to the first number of the call. */
  y: i32;
  /** Distance between taps in numbers, and number of groups. */
  tapStep: i32;
  groups: i32;
}

/** The convolutions, as `kinds` in `../kernels.ts`. */
const enum Kind {
  Depthwise = -2,
  Taps = -1,
  Dense = 0,
}

/** Computes `count` outputs at `y` from the windows at `x`. */
function convolution(layer: Layer, x: i32, count: i32, y: i32): void {
  const channels = layer.channels, outputs = layer.outputs, taps = layer.length, groups = layer.groups;
  const step = layer.stride * channels;
  if (layer.kind === Kind.Dense) convolve(x, step, count, layer.w, layer.b, taps, outputs, y, outputs);
  else if (layer.kind === Kind.Taps)
    convolveTaps(x, step, count, taps, layer.tapStep, channels / groups, groups, layer.w, layer.b, outputs, y);
  else depthwise(x, step, count, taps, layer.tapStep, layer.w, layer.b, channels, outputs / channels, y);
}

/**
 * Appends `frames` frames at `x` to the line, computes the outputs aligned with them at `y`, and returns their number.
 */
function advance(layer: Layer, x: i32, frames: i32, y: i32): i32 {
  const channels = layer.channels, outputs = layer.outputs, stride = layer.stride;
  let came = 0;
  for (let done = 0; done < frames;) {
    if (layer.filled === layer.capacity) slide(layer);
    const count = min(frames - done, layer.capacity - layer.filled);
    copy(at(x + done * channels), at(layer.line + layer.filled * channels), count * channels);
    layer.filled += count;
    done += count;
    const ahead = layer.filled - layer.window - layer.reach;
    if (ahead < 0) continue;
    const due = ahead < stride ? 1 : ahead / stride + 1;
    const window = layer.line + layer.window * channels;
    convolution(layer, window, due, y + came * outputs);
    layer.window += due * stride;
    came += due;
  }
  return came;
}

/** Moves the frames that are still needed to the front of the line. */
function slide(layer: Layer): void {
  const gone = min(layer.window, layer.filled);
  const kept = layer.filled - gone;
  copy(at(layer.line + gone * layer.channels), at(layer.line), kept * layer.channels);
  layer.filled = kept;
  layer.window -= gone;
}

export function run(program: i32, layers: i32, x: i32, frames: i32): i32 {
  let rows = x, count = frames;
  for (let l = 0; l < layers && count > 0; l++) {
    const layer = changetype<Layer>(at(program) + l * offsetof<Layer>());
    const y = x + layer.y;
    if (layer.kind <= Kind.Dense) count = advance(layer, rows, count, y);
    else activate(layer.kind - 1, at(rows), at(y), count * layer.outputs, layer.alpha);
    rows = y;
  }
  return count;
}
