import { backpropagate, canLearn, isClean, accepts, update, updateAndRun } from './learn';
import { Kind, Layer, layerOf } from './program';
import { copy } from './rows';
import { run as forward } from './run';
import { at } from './vector';

/** A run of frames, as `runWords` in `../run-layout.ts`. */
@unmanaged
class Run {
  rate: f64;
  epsilon: f64;
  bound: f64;
  /** The state of the divergence guard, as in `core/learning/divergence-guard.ts`. */
  recentLoss: f64;
  recentZero: f64;
  longLoss: f64;
  longZero: f64;
  maxZero: f64;
  recentOutputs: f64;
  allOutputs: f64;
  lead: i32;
  frames: i32;
  targets: i32;
  count: i32;
  outputs: i32;
  waiting: i32;
  errors: i32;
  losses: i32;
  hidden: i32;
  features: i32;
  maxUpdates: i32;
  taken: i32;
  done: i32;
  emitted: i32;
  trained: i32;
  kept: i32;
  final: i32;
  owed: i32;
}

// as in `core/learning/divergence-guard.ts`
const shortWindow: f64 = 16;
const longWindow: f64 = 2000;
const divergenceFactor: f64 = 10;
const maxSquareRatio: f64 = 100;

/** Weights and products below this are certain not to overflow in float32, also after rounding. */
const maxSize: f64 = 1e37;

/** Adds the loss of an output to the guard, unless the weights have diverged. Returns whether they have not. */
function addLoss(run: Run, loss: f64, zeroLoss: f64): bool {
  const n = run.recentOutputs + 1, all = run.allOutputs + 1, longTerm = min(all, longWindow);
  // the reciprocal of 16 is exact
  const shift = loss - run.recentLoss, zeroShift = zeroLoss - run.recentZero;
  const recentLoss = run.recentLoss + (n < shortWindow ? shift / n : shift * (1 / shortWindow));
  const recentZero = run.recentZero + (n < shortWindow ? zeroShift / n : zeroShift * (1 / shortWindow));
  const clipped = min(zeroLoss, run.longZero > 0 ? maxSquareRatio * run.longZero : 1e30);
  const longZero = run.longZero + (clipped - run.longZero) / longTerm;
  const maxZero = max(run.maxZero, longZero);
  const maxLoss = divergenceFactor * max(max(recentZero, longZero), 1e-8 * maxZero);
  const longLoss = run.longLoss + ((loss < maxLoss ? loss : maxLoss) - run.longLoss) / longTerm;
  const good = n < shortWindow ? loss < Infinity : recentLoss <= max(maxLoss, divergenceFactor * longLoss);
  if (!good) return false;
  run.recentLoss = recentLoss;
  run.recentZero = recentZero;
  run.longLoss = longLoss;
  run.longZero = longZero;
  run.maxZero = maxZero;
  run.recentOutputs = n;
  run.allOutputs = all;
  return true;
}

/**
 * Returns the largest |x| of `count` numbers; not finite if one of them is not finite. Compares bits, because positive numbers have
 * the order of their bits, and a maximum of floating-point numbers takes many instructions.
 */
function largest(x: i32, count: i32): f64 {
  const sizes = i32x4.splat(0x7fffffff);
  let p = at(x), peaks = i32x4.splat(0), more = peaks;
  const end = p + at(count), whole = p + at(count & ~3), pairs = p + at(count & ~7);
  for (; p < pairs; p += 32) {
    peaks = i32x4.max_s(peaks, v128.and(v128.load(p), sizes));
    more = i32x4.max_s(more, v128.and(v128.load(p, 16), sizes));
  }
  for (; p < whole; p += 16) peaks = i32x4.max_s(peaks, v128.and(v128.load(p), sizes));
  peaks = i32x4.max_s(peaks, more);
  peaks = i32x4.max_s(peaks, v128.shuffle<i64>(peaks, peaks, 1, 0));
  let peak = max(i32x4.extract_lane(peaks, 0), i32x4.extract_lane(peaks, 1));
  for (; p < end; p += 4) peak = max(peak, i32.load(p) & 0x7fffffff);
  return <f64>reinterpret<f32>(peak);
}

/** Returns whether `count` numbers are samples, at most 2^60 in size, as `isSample` in `core/learning/evaluation.ts`. */
function areSamples(x: i32, count: i32): bool {
  const most = f32x4.splat(<f32>1152921504606846976);
  let p = at(x), all = i32x4.splat(-1);
  const end = p + at(count), whole = p + at(count & ~3);
  for (; p < whole; p += 16) all = v128.and(all, f32x4.le(f32x4.abs(v128.load(p)), most));
  if (!i32x4.all_true(all)) return false;
  for (; p < end; p += 4) if (!(abs(f32.load(p)) <= <f32>1152921504606846976)) return false;
  return true;
}

/** Returns whether the samples and the target of frame `i` are valid. */
function isValid(run: Run, program: i32, layers: i32, i: i32): bool {
  const channels = layerOf(program, 0).channels, outputs = layerOf(program, layers - 1).outputs;
  return areSamples(run.frames + i * channels, channels) && areSamples(run.targets + i * outputs, outputs);
}

/** Returns n, rounded up to a multiple of 4. */
function padded(n: i32): i32 {
  return (n + 3) & ~3;
}

function largestWeight(program: i32, layers: i32): f64 {
  let peak: f64 = 0;
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l);
    if (!layer.convolves) continue;
    const weights = layer.kind === Kind.Dense ? padded(layer.outputs) * padded(layer.length) : layer.weights;
    peak = max(peak, largest(layer.w, weights));
    if (layer.b) peak = max(peak, largest(layer.b, layer.outputs));
  }
  return peak;
}

/** Returns a bound of the change of a layer's weights in the next update, and of the products that it consists of. */
function largestChange(layer: Layer, rate: f64, epsilon: f64): f64 {
  let gradient: f64 = 0, energy: f64 = layer.energy;
  if (layer.kind !== Kind.Dense) {
    if (!layer.dirty) return 0;
    gradient = largest(layer.dw, layer.weights);
    if (layer.b) gradient = max(gradient, largest(layer.db, layer.outputs));
  } else {
    const rows = layer.pending;
    if (rows === 0) return 0;
    const numbers = (rows - 1) * layer.stride * layer.channels + layer.length;
    const sample = largest(layer.line + layer.pendingWindow * layer.channels, numbers);
    gradient = <f64>rows * largest(layer.slopes, rows * layer.outputs) * (layer.b ? max(sample, 1) : sample);
    // windows without a gradient do not count
    energy = rows === 1 ? sample * sample : 0;
  }
  if (gradient === 0) return 0;
  return max(gradient, gradient * abs(epsilon < 0 ? rate : rate / (epsilon + energy)));
}

/** Returns whether the next update can certainly not overflow, and adds its largest change to the bound of the weights. */
function isBounded(run: Run, program: i32, layers: i32): bool {
  if (!(run.bound < maxSize)) run.bound = largestWeight(program, layers);
  let change: f64 = 0;
  for (let l = 0; l < layers; l++) {
    const layer = layerOf(program, l);
    if (layer.convolves) change = max(change, largestChange(layer, run.rate, run.epsilon));
  }
  const bound = run.bound + change;
  if (!(bound < maxSize)) return false;
  run.bound = bound;
  return true;
}

/**
 * Computes the error, the loss, and the gradient of `outputs` outputs at `y` with the target at `d`. Returns false, and
 * changes nothing that counts, if the weights have diverged.
 */
function evaluate(run: Run, y: i32, d: i32, outputs: i32, g: i32): bool {
  let loss: f64 = 0, zeroLoss: f64 = 0;
  let p = at(y), q = at(d), e = at(run.errors + run.trained * outputs), slope = at(g);
  for (let o = 0; o < outputs; o++, p += 4, q += 4, e += 4, slope += 4) {
    const target = <f64>f32.load(q), error = <f64>f32.load(p) - target;
    loss += 0.5 * error * error;
    zeroLoss += 0.5 * target * target;
    f32.store(e, <f32>error);
    f32.store(slope, <f32>error);
  }
  if (!addLoss(run, loss, zeroLoss)) return false;
  f64.store(at(run.losses + 2 * run.trained), loss);
  return true;
}

/** Keeps the newest outputs of the hidden layer. */
function keepFeatures(run: Run, program: i32, x: i32): void {
  if (run.hidden < 0) return;
  const layer = layerOf(program, run.hidden), outputs = layer.outputs;
  copy(at(x + layer.y), at(run.features + run.kept * outputs), layer.count * outputs);
  run.kept += layer.count;
}

/** Processes frame `i` of the run, after an update if one is due, and keeps the outputs. Returns their number. */
function advance(run: Run, program: i32, layers: i32, x: i32, i: i32, isDue: bool): i32 {
  const channels = layerOf(program, 0).channels, top = layerOf(program, layers - 1), outputs = top.outputs;
  copy(at(run.frames + i * channels), at(x), channels);
  const count = isDue ? updateAndRun(program, layers, x, run.rate, run.epsilon) : forward(program, layers, x, 1);
  keepFeatures(run, program, x);
  copy(at(x + top.y), at(run.outputs + (1 + run.emitted) * outputs), count * outputs);
  run.emitted += count;
  run.done++;
  return count;
}

/** Takes the gradient of the newest trained output. Returns whether the weights can be updated. */
function propagate(run: Run, program: i32, layers: i32, x: i32): bool {
  run.final += backpropagate(program, layers, x, 1);
  run.trained++;
  if (isBounded(run, program, layers)) return true;
  run.owed = 1;
  return false;
}

/** Forecasts of the next frame: trains on the last output, then processes the frame. */
function forecasts(run: Run, program: i32, layers: i32, x: i32): void {
  const top = layerOf(program, layers - 1), outputs = top.outputs;
  for (let i = 0; i < run.count; i++) {
    if (!isValid(run, program, layers, i) || !canLearn(program, layers, run.waiting)) return;
    const isDue: bool = run.waiting === 1;
    if (isDue) {
      if (run.trained === run.maxUpdates) return;
      const y = run.outputs + run.emitted * outputs;
      if (!evaluate(run, y, run.targets + i * outputs, outputs, x + top.y)) return;
      run.taken++;
      if (!propagate(run, program, layers, x)) return;
    } else run.taken++;
    run.waiting = advance(run, program, layers, x, i, isDue);
  }
}

/** Outputs whose target is that of the same frame: processes the frame, then trains on its output. */
function estimates(run: Run, program: i32, layers: i32, x: i32): void {
  const top = layerOf(program, layers - 1), outputs = top.outputs;
  let isDue = false;
  for (let i = 0; i < run.count; i++) {
    if (run.trained === run.maxUpdates || !isValid(run, program, layers, i) || !canLearn(program, layers, 1)) break;
    run.taken++;
    const count = advance(run, program, layers, x, i, isDue);
    isDue = false;
    if (count === 0) continue;
    if (!isClean(program, layers) || !accepts(program, layers, 1)) return;
    if (!evaluate(run, run.outputs + run.emitted * outputs, run.targets + i * outputs, outputs, x + top.y)) return;
    if (!propagate(run, program, layers, x)) return;
    isDue = true;
  }
  if (isDue) update(program, layers, run.rate, run.epsilon);
}

export function train(program: i32, layers: i32, x: i32, place: i32): void {
  const run = changetype<Run>(at(place));
  if (run.lead === 1) forecasts(run, program, layers, x);
  else estimates(run, program, layers, x);
}
