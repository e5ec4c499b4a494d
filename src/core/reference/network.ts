import { invalid, oneOf } from '../check.ts';
import { activate, activationGradient, activationNames, type ActivationName } from './activation.ts';
import { avgPool, avgPoolGradient, type AvgPool } from './avg-pool.ts';
import { conv1d, conv1dGradients, type ReferenceConv1d } from './conv1d.ts';

/** One layer of a stack. */
export type ReferenceLayer =
  | ({ type: 'conv1d'; bias?: boolean } & Omit<ReferenceConv1d, 'inChannels'>)
  | ({ type: 'avgPool' } & AvgPool)
  | { type: ActivationName; alpha?: number };

/** A stack of layers, each on the outputs of the one before. */
export interface ReferenceSpec {
  inChannels: number;
  layers: readonly ReferenceLayer[];
}

/** Parameters by name: 'layers.0.weight', [out, taps, in/groups] in lag order, and 'layers.0.bias', [out]. */
export type ReferenceWeights = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/** What a network makes of a whole recording. */
export interface ReferenceRun {
  /** What goes into each layer, and last what comes out: [frames of that layer, its channels]. */
  signals: Float64Array[];
  /** The channels of each signal. */
  channels: number[];
  /** The last signal. */
  output: Float64Array;
}

/** Runs a whole recording x, [frames, in], through a stack of layers. Throws where a layer cannot take its input. */
export function runNetwork(spec: ReferenceSpec, weights: ReferenceWeights, x: ArrayLike<number>): ReferenceRun {
  const signals: Float64Array[] = [Float64Array.from(x)];
  const channels = [spec.inChannels];
  spec.layers.forEach((layer, i) => {
    const input = signals[i];
    if (layer.type === 'conv1d') {
      const { weight, bias } = parameters(weights, i, layer.bias);
      signals.push(conv1d(input, weight, bias, { ...layer, inChannels: channels[i] }));
      channels.push(layer.outChannels);
      return;
    }
    signals.push(
      layer.type === 'avgPool' ? avgPool(input, channels[i], layer) : activate(known(layer.type), input, layer.alpha),
    );
    channels.push(channels[i]);
  });
  return { signals, channels, output: signals[signals.length - 1] };
}

/** ∂L/∂x, [frames, in], and ∂L/∂ of every parameter by its name, in its shape. */
export interface ReferenceGradients {
  input: Float64Array;
  weights: Record<string, { shape: number[]; data: Float64Array }>;
}

/**
 * Back-propagation through a stack, over a whole recording: what `backward` and `flushGradient` of a stream must sum
 * up to. `g` is ∂L/∂y of every output, [outputs, out].
 */
export function networkGradients(
  spec: ReferenceSpec,
  weights: ReferenceWeights,
  x: ArrayLike<number>,
  g: ArrayLike<number>,
): ReferenceGradients {
  const { signals, channels } = runNetwork(spec, weights, x);
  const gradients: ReferenceGradients = { input: Float64Array.from(g), weights: {} };
  for (let i = spec.layers.length - 1; i >= 0; i--) {
    const layer = spec.layers[i];
    if (layer.type === 'conv1d') {
      const { weight, bias, shape } = parameters(weights, i, layer.bias);
      const found = conv1dGradients(signals[i], weight, gradients.input, { ...layer, inChannels: channels[i] });
      gradients.weights[`layers.${i}.weight`] = { shape, data: found.weight };
      if (bias) gradients.weights[`layers.${i}.bias`] = { shape: [bias.length], data: found.bias };
      gradients.input = found.input;
    } else if (layer.type === 'avgPool') {
      gradients.input = avgPoolGradient(signals[i], channels[i], gradients.input, layer);
    } else {
      gradients.input = activationGradient(known(layer.type), signals[i], gradients.input, layer.alpha);
    }
  }
  return gradients;
}

function known(type: ActivationName): ActivationName {
  return oneOf('type', type, activationNames);
}

function parameters(
  weights: ReferenceWeights,
  i: number,
  hasBias = true,
): { weight: ArrayLike<number>; shape: number[]; bias: ArrayLike<number> | null } {
  const find = (name: string): ReferenceWeights[string] => {
    const found = (weights as Partial<ReferenceWeights>)[name];
    if (!found) throw invalid(`weights['${name}']`, 'given', undefined, TypeError);
    return found;
  };
  const weight = find(`layers.${i}.weight`);
  return { weight: weight.data, shape: [...weight.shape], bias: hasBias ? find(`layers.${i}.bias`).data : null };
}
