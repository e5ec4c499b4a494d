import { activate } from './activations';
import { convolve, convolveTaps } from './convolution';
import { depthwise } from './depthwise';
import { Kind, Layer, layerOf, oddBias } from './program';
import { copy, write } from './rows';
import { at } from './vector';

/** Computes `count` outputs at `y` from the windows at `x`. */
export function convolution(layer: Layer, x: i32, count: i32, y: i32): void {
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
  const channels = layer.channels, outputs = layer.outputs;
  let came = 0;
  for (let done = 0; done < frames;) {
    const count = append(layer, x + done * channels, frames - done);
    done += count;
    layer.unopened += count;
    const due = layer.due(layer.filled);
    if (due === 0) continue;
    convolution(layer, layer.line + layer.window * channels, due, y + came * outputs);
    layer.window += due * layer.stride;
    came += due;
  }
  return came;
}

/** Appends up to `frames` frames at `x` to the line, as many as fit, and returns their number. */
function append(layer: Layer, x: i32, frames: i32): i32 {
  if (layer.filled === layer.capacity) layer.slide();
  const channels = layer.channels;
  const count = min(frames, layer.capacity - layer.filled);
  const to = layer.line + layer.filled * channels;
  layer.filled += count;
  if (!layer.learns) copy(at(x), at(to), count * channels);
  else if (!write(x, to, count * channels)) layer.odd = oddBias + layer.filled;
  return count;
}

/** Appends `frames` frames at `x`, for which the line has room. */
export function keep(layer: Layer, x: i32, frames: i32): void {
  for (let done = 0; done < frames;) done += append(layer, x + done * layer.channels, frames - done);
}

/** Applies an activation to `count` frames at `x`. */
export function activateRows(layer: Layer, x: i32, count: i32, y: i32): void {
  if (layer.learns) keep(layer, x, count);
  activate(layer.kind - 1, at(x), at(y), count * layer.outputs, layer.alpha);
}

/** Returns whether `frames` frames can be processed: lines must have room for those whose gradient is missing. */
export function hasRoom(program: i32, layers: i32, frames: i32): boolean {
  let count = frames;
  for (let l = 0; l < layers && count > 0; l++) {
    const layer = layerOf(program, l);
    if (!layer.learns) return true;
    const filled = layer.filled + count;
    if (filled - layer.oldest > layer.capacity) return false;
    if (layer.convolves) count = layer.due(filled);
  }
  return true;
}

export function run(program: i32, layers: i32, x: i32, frames: i32): i32 {
  if (!hasRoom(program, layers, frames)) return -1;
  let rows = x, count = frames;
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l);
    const y = x + layer.y;
    if (count > 0) {
      if (layer.convolves) count = advance(layer, rows, count, y);
      else activateRows(layer, rows, count, y);
    }
    layer.count = count;
    rows = y;
  }
  return count;
}
