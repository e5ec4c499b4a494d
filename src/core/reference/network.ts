import type { NetworkSpec } from '../network/network-spec.ts';
import type { ConcatSpec, LayerSpec, ResidualSpec } from '../layers/layer-spec.ts';
import { concat, concatGradients, commonOutputs, type BranchOutput, residual, shortcutGradient } from './branches.ts';
import { skipCounts, alignedFrameOfStack } from './alignment.ts';
import { layerGradients, runLayer, type LayerGradients, type ReferenceWeights, type Signal } from './layer.ts';
import { framesOf } from './padding.ts';

export type { ReferenceWeights };

/** The result of `runNetwork`. */
export interface ReferenceRun {
  /** The input of each layer, and the output of the last one: [frames of that layer, its channels]. */
  signals: Float64Array[];
  /** Number of channels of each signal. */
  channels: number[];
  /** The output of the last layer. */
  output: Float64Array;
  /** Validity of the output's frames. */
  valid: Uint8Array;
}

/** The gradients of a network over a whole recording. */
export interface ReferenceGradients {
  /** ∂L/∂x, [frames, in]. */
  input: Float64Array;
  /** ∂L/∂w of every parameter, by name. */
  weights: Record<
    string,
    {
      /** Shape of the parameter. */
      shape: number[];
      /** Values in row-major order. */
      data: Float64Array;
    }
  >;
}

/**
 * Runs a whole recording x, [frames, in], through a network. Frames with `valid` 0 are missing; frames with a non-finite
 * sample are invalid as well. Throws if a layer cannot process its input.
 */
export function runNetwork(
  { inChannels, layers }: NetworkSpec,
  weights: ReferenceWeights,
  x: ArrayLike<number>,
  valid?: ArrayLike<number>,
): ReferenceRun {
  const signals = runAll(layers, 'layers.', weights, recording(x, inChannels, valid));
  const last = signals[signals.length - 1];
  return {
    signals: signals.map(({ samples }) => samples),
    channels: signals.map(({ channels }) => channels),
    output: last.samples,
    valid: last.valid,
  };
}

/**
 * Back-propagates through a network over a whole recording. The results of `backward` and `flushGradient` of a stream
 * must equal these gradients. `g` is ∂L/∂y of every output, [outputs, out].
 */
export function networkGradients(
  { inChannels, layers }: NetworkSpec,
  weights: ReferenceWeights,
  x: ArrayLike<number>,
  g: ArrayLike<number>,
  valid?: ArrayLike<number>,
): ReferenceGradients {
  const input = recording(x, inChannels, valid);
  const found = gradientsOfAll(layers, 'layers.', weights, input, Float64Array.from(g));
  const named = Object.entries(found.weights).map(([name, data]) => {
    return [name, { shape: Array.from(weights[name].shape), data }] as const;
  });
  return { input: found.input, weights: Object.fromEntries(named) };
}

function recording(x: ArrayLike<number>, channels: number, valid?: ArrayLike<number>): Signal {
  const samples = Float64Array.from(x, (sample) => (Number.isFinite(sample) ? sample : NaN));
  const isValid = Uint8Array.from({ length: framesOf('x', x, channels) }, (_, t) => {
    const isFinite = samples.subarray(t * channels, (t + 1) * channels).every(Number.isFinite);
    return Number(isFinite && valid?.[t] !== 0);
  });
  return { samples, channels, valid: isValid };
}

/** Returns the input of each layer, and the output of the last one. */
function runAll(layers: readonly LayerSpec[], name: string, weights: ReferenceWeights, input: Signal): Signal[] {
  const signals = [input];
  layers.forEach((layer, i) => {
    const run = { residual: runResidual, concat: runConcat, simple: runLayer }[kindOf(layer)];
    signals.push(run(layer as never, `${name}${i}.`, weights, signals[i]));
  });
  return signals;
}

function gradientsOfAll(
  layers: readonly LayerSpec[],
  name: string,
  weights: ReferenceWeights,
  input: Signal,
  g: Float64Array,
): LayerGradients {
  const signals = runAll(layers, name, weights, input);
  const gradients: LayerGradients = { input: g, weights: {} };
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i];
    const back = { residual: residualGradients, concat: branchGradients, simple: layerGradients }[kindOf(layer)];
    const found = back(layer as never, `${name}${i}.`, weights, signals[i], gradients.input);
    gradients.input = found.input;
    Object.assign(gradients.weights, found.weights);
  }
  return gradients;
}

function kindOf({ type }: LayerSpec): 'residual' | 'concat' | 'simple' {
  return type === 'residual' || type === 'concat' ? type : 'simple';
}

function runResidual({ layers }: ResidualSpec, name: string, weights: ReferenceWeights, input: Signal): Signal {
  const inner = runAll(layers, `${name}layers.`, weights, input)[layers.length];
  const frameOf = (n: number) => alignedFrameOfStack(layers, n);
  return {
    samples: residual(input.samples, inner.samples, input.channels, frameOf),
    channels: input.channels,
    valid: inner.valid.map((valid, n) => valid & (input.valid[frameOf(n)] ?? 0)),
  };
}

function residualGradients(
  { layers }: ResidualSpec,
  name: string,
  weights: ReferenceWeights,
  input: Signal,
  g: Float64Array,
): LayerGradients {
  const inner = gradientsOfAll(layers, `${name}layers.`, weights, input, g);
  const shortcut = shortcutGradient(input.valid.length, g, input.channels, (n) => alignedFrameOfStack(layers, n));
  return { input: inner.input.map((d, i) => d + shortcut[i]), weights: inner.weights };
}

/** Returns the outputs of every branch, and how many of them are skipped. */
function branchesOf({ branches }: ConcatSpec, name: string, weights: ReferenceWeights, input: Signal) {
  const skips = skipCounts(branches);
  return branches.map((layers, b): BranchOutput & Signal => {
    return { ...runAll(layers, `${name}branches.${b}.`, weights, input)[layers.length], skip: skips[b] };
  });
}

function runConcat(layer: ConcatSpec, name: string, weights: ReferenceWeights, input: Signal): Signal {
  const branches = branchesOf(layer, name, weights, input);
  return {
    samples: concat(branches),
    channels: branches.reduce((sum, { channels }) => sum + channels, 0),
    valid: Uint8Array.from({ length: commonOutputs(branches) }, (_, n) =>
      Number(branches.every(({ valid, skip }) => valid[n + skip] === 1)),
    ),
  };
}

function branchGradients(
  layer: ConcatSpec,
  name: string,
  weights: ReferenceWeights,
  input: Signal,
  g: Float64Array,
): LayerGradients {
  const own = concatGradients(branchesOf(layer, name, weights, input), g);
  const gradients: LayerGradients = { input: new Float64Array(input.samples.length), weights: {} };
  layer.branches.forEach((layers, b) => {
    const found = gradientsOfAll(layers, `${name}branches.${b}.`, weights, input, own[b]);
    gradients.input = gradients.input.map((d, i) => d + found.input[i]);
    Object.assign(gradients.weights, found.weights);
  });
  return gradients;
}
