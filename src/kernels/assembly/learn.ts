import { activateBack } from './activations';
import { depthwiseEnergy, depthwiseInputGradient, depthwiseWeightGradient } from './depthwise';
import { descendConvolve } from './descend-convolve';
import { biasGradient, descend, energy, hasGradient, inputGradient, weightGradient } from './gradients';
import { sgd } from './optimizers';
import { Kind, Layer, layerOf } from './program';
import { copy, fill, gather, scatter } from './rows';
import { activateRows, convolution, hasRoom, keep } from './run';
import { at } from './vector';

/** Maximum number of rows per layer and call, as `maxStepFrames` in `core/layers/step-program.ts`. */
const maxRows = 8;
/** Maximum number of deferred outputs, as `maxPendingOutputs` in `core/layers/convolution/conv-gradient.ts`. */
const maxPending = 16;

/** Returns whether `rows` gradients of the outputs of the last layer can be processed. */
export function accepts(program: i32, layers: i32, rows: i32): boolean {
  let count = rows;
  for (let l = layers - 1; l >= 0; l--) {
    const layer = layerOf(program, l);
    if (count > maxRows) return false;
    if (!layer.convolves) continue;
    if (layer.odd || layer.pending + count > maxPending) return false;
    if (layer.rowsFilled - oldestRow(layer) + layer.unopened > layer.rowCapacity) return false;
    count *= layer.stride;
  }
  return true;
}

/** Returns the oldest row of the history that the line keeps, as `GradientLine` in `core/memory/gradient-line.ts` does. */
function oldestRow(layer: Layer): i32 {
  return max(0, layer.firstRow - (layer.reach - 1));
}

/** Opens a row of zeros for every frame in the delay line. */
function open(layer: Layer): void {
  const channels = layer.channels, count = layer.unopened;
  if (layer.rowsFilled + count > layer.rowCapacity) {
    const gone = oldestRow(layer);
    copy(at(layer.rows + gone * channels), at(layer.rows), (layer.rowsFilled - gone) * channels);
    layer.rowsFilled -= gone;
    layer.firstRow -= gone;
  }
  fill(layer.rows + layer.rowsFilled * channels, count * channels, 0);
  layer.rowsFilled += count;
  layer.unopened = 0;
}

/** Defers the weight gradient of the oldest output: keeps its gradient, unless it is zero and the first. */
function defer(layer: Layer, g: i32): void {
  const outputs = layer.outputs;
  if (layer.pending > 0 || hasGradient(at(g), outputs)) {
    if (layer.pending === 0) layer.pendingWindow = layer.received;
    copy(at(g), at(layer.slopes + layer.pending * outputs), outputs);
    layer.pending++;
  }
  layer.received += layer.stride;
}

/** Adds the gradients of depthwise kernels, and the energy of the windows whose gradients are not all 0. */
function depthwiseGradients(layer: Layer, window: i32, g: i32, count: i32, dx: i32): void {
  const channels = layer.channels, outputs = layer.outputs, taps = layer.length, tapStep = layer.tapStep;
  const step = layer.stride * channels, multiplier = outputs / channels;
  depthwiseWeightGradient(window, step, count, g, taps, tapStep, channels, multiplier, layer.dw);
  if (!layer.blind) depthwiseInputGradient(g, count, layer.w, taps, tapStep, channels, multiplier, dx, step);
  for (let n = 0; n < count; n++) {
    if (!hasGradient(at(g + n * outputs), outputs)) continue;
    layer.energy = depthwiseEnergy(window + n * step, taps, tapStep, channels, layer.energy);
    if (layer.b) layer.energy += 1;
  }
}

/** The same for kernels of taps that are not contiguous, whose windows are gathered at `temp`. */
function tapGradients(layer: Layer, window: i32, g: i32, count: i32, dx: i32, temp: i32): void {
  const channels = layer.channels, outputs = layer.outputs, taps = layer.length, tapStep = layer.tapStep;
  const groups = layer.groups, width = channels / groups, own = outputs / groups, length = taps * width;
  const step = layer.stride * channels, size = ((own + 3) & ~3) * length, gradient = temp + count * length;
  for (let group = 0; group < groups; group++) {
    const slopes = g + group * own, weights = group * size;
    gather(window + group * width, step, count, taps, tapStep, width, temp);
    weightGradient(temp, length, count, slopes, outputs, length, own, layer.dw + weights);
    // windows overlap, so their gradients are added one at a time
    for (let n = 0; n < count && !layer.blind; n++) {
      const to = dx + n * step + group * width;
      gather(to, 0, 1, taps, tapStep, width, gradient);
      inputGradient(slopes + n * outputs, 0, 1, layer.w + weights, length, own, gradient, 0);
      scatter(gradient, taps, tapStep, width, to);
    }
  }
  for (let n = 0; n < count; n++) {
    if (!hasGradient(at(g + n * outputs), outputs)) continue;
    for (let group = 0; group < groups; group++) {
      gather(window + n * step + group * width, 0, 1, taps, tapStep, width, temp);
      layer.energy += energy(temp, 0, 1, length, 0, 0) / <f64>groups;
    }
    if (layer.b) layer.energy += 1;
  }
}

/** Processes the gradients at `g` of the oldest `count` outputs, and returns the offset of the final rows of ∂L/∂x. */
function propagate(layer: Layer, x: i32, g: i32, count: i32): i32 {
  const outputs = layer.outputs, channels = layer.channels;
  open(layer);
  const final = layer.rows + layer.firstRow * channels;
  if (layer.kind === Kind.Dense) {
    if (!layer.blind)
      inputGradient(g, outputs, count, layer.w, layer.length, outputs, final, layer.stride * channels);
    for (let n = 0; n < count; n++) defer(layer, g + n * outputs);
  } else if (count > 0) {
    const window = layer.line + layer.received * channels;
    if (layer.kind === Kind.Depthwise) depthwiseGradients(layer, window, g, count, final);
    else tapGradients(layer, window, g, count, final, x + layer.temp);
    if (layer.b) biasGradient(g, outputs, count, outputs, layer.db);
    layer.dirty = 1;
    layer.received += count * layer.stride;
  }
  layer.firstRow += count * layer.stride;
  return final;
}

export function backpropagate(program: i32, layers: i32, x: i32, rows: i32): i32 {
  if (!accepts(program, layers, rows)) return -1;
  let g = x + layerOf(program, layers - 1).y, count = rows;
  for (let l = layers - 1; l >= 0; l--) {
    const layer = layerOf(program, l);
    if (layer.convolves) {
      g = propagate(layer, x, g, count);
      count *= layer.stride;
    } else {
      const inputs = layer.line + layer.received * layer.channels, dx = x + layer.rows;
      activateBack(layer.kind - 1, at(inputs), at(g), at(dx), count * layer.channels, layer.alpha);
      layer.received += count;
      g = dx;
    }
  }
  layerOf(program, 0).dx = g;
  return count;
}

/** Updates the weights of a layer from the sums of its gradients. */
function updateSums(layer: Layer, step: f32): void {
  sgd(layer.w, layer.dw, 0, layer.weights, step, 0, 0, 0);
  if (layer.b) sgd(layer.b, layer.db, 0, (layer.outputs + 3) & ~3, step, 0, 0, 0);
  layer.energy = 0;
  layer.dirty = 0;
}

/** Updates the weights of a layer from its gradients. */
function updateLayer(layer: Layer, rate: f64, epsilon: f64): void {
  if (layer.dirty) updateSums(layer, <f32>(epsilon < 0 ? rate : rate / (epsilon + layer.energy)));
  if (layer.pending === 0) return;
  const channels = layer.channels, outputs = layer.outputs;
  const x = layer.line + layer.pendingWindow * channels;
  descend(
    x, layer.stride * channels, layer.pending, layer.slopes, outputs, layer.length, outputs, layer.w, layer.b,
    rate, epsilon,
  );
  layer.pending = 0;
}

/** Returns whether all weight gradients are those of deferred outputs, except of layers that never defer them. */
export function isClean(program: i32, layers: i32): boolean {
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l);
    if (layer.kind === Kind.Dense && layer.dirty) return false;
  }
  return true;
}

export function update(program: i32, layers: i32, rate: f64, epsilon: f64): i32 {
  if (!isClean(program, layers)) return -1;
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l);
    if (layer.convolves) updateLayer(layer, rate, epsilon);
  }
  return 0;
}

/** Updates the weights of a layer, appends `frames` frames at `x`, and computes the outputs at `y`. Returns their number. */
function updateAndAdvance(layer: Layer, x: i32, frames: i32, y: i32, rate: f64, epsilon: f64): i32 {
  const channels = layer.channels;
  const simple = layer.pending === 1 && epsilon < 0;
  if (!simple) updateLayer(layer, rate, epsilon);
  keep(layer, x, frames);
  layer.unopened += frames;
  const due = layer.due(layer.filled), window = layer.line + layer.window * channels;
  if (simple && due === 1) {
    const old = layer.line + layer.pendingWindow * channels;
    const b = layer.b ? at(layer.b) : 0;
    descendConvolve(at(old), at(layer.slopes), <f32>rate, at(window), layer.length, layer.outputs, at(layer.w), b, at(y));
    layer.pending = 0;
  } else {
    updateLayer(layer, rate, epsilon);
    if (due > 0) convolution(layer, window, due, y);
  }
  layer.window += due * layer.stride;
  return due;
}

/** Returns whether `rows` gradients and then one frame can be processed. */
export function canLearn(program: i32, layers: i32, rows: i32): bool {
  return isClean(program, layers) && accepts(program, layers, rows) && hasRoom(program, layers, 1);
}

/** Updates the weights of all layers and processes the frame at `x`. Returns the number of outputs. */
export function updateAndRun(program: i32, layers: i32, x: i32, rate: f64, epsilon: f64): i32 {
  let frames = x, count = 1;
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l), y = x + layer.y;
    if (layer.convolves) count = updateAndAdvance(layer, frames, count, y, rate, epsilon);
    else if (count > 0) activateRows(layer, frames, count, y);
    layer.count = count;
    frames = y;
  }
  return count;
}

export function learn(program: i32, layers: i32, x: i32, rows: i32, rate: f64, epsilon: f64): i32 {
  if (!canLearn(program, layers, rows)) return -1;
  layerOf(program, 0).final = rows > 0 ? backpropagate(program, layers, x, rows) : 0;
  return updateAndRun(program, layers, x, rate, epsilon);
}
