import { invalid, oneOf } from '../check.ts';
import type { ConcatSpec, CustomSpec, LayerSpec, ResidualSpec } from '../layers/layer-spec.ts';
import { activate, activationGradient, activationNames, softmax, softmaxGradient } from './activation.ts';
import { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from './pool.ts';
import { conv1d, conv1dGradients } from './conv1d.ts';
import { convTranspose1d, convTranspose1dGradients } from './conv-transpose1d.ts';
import { linear, linearGradients, type WeightedGradients } from './linear.ts';
import * as norm from './norm.ts';
import { validity } from './alignment.ts';

/** The input or output of a layer. */
export interface Signal {
  /** [frames, channels]. */
  samples: Float64Array;
  channels: number;
  /** Validity, one per frame: 1 = the frame exists, and so do all frames it was computed from. */
  valid: Uint8Array;
}

/** Parameters by name: 'layers.0.weight', [out, taps, in/groups] in lag order, and 'layers.0.bias', [out]. */
export type ReferenceWeights = Record<
  string,
  {
    /** Shape of the parameter. */
    shape: readonly number[];
    /** Values in row-major order. */
    data: ArrayLike<number>;
  }
>;

/** ∂L/∂x, [frames, in], and ∂L/∂ of every parameter, by name. */
export interface LayerGradients {
  input: Float64Array;
  weights: Record<string, Float64Array>;
}

/** A built-in layer that contains no other layers. */
export type SimpleLayer = Exclude<LayerSpec, ResidualSpec | ConcatSpec | CustomSpec>;

/** Runs a layer on a whole recording. `name` is the prefix of its parameters: 'layers.0.'. */
export function runLayer(layer: SimpleLayer, name: string, weights: ReferenceWeights, input: Signal): Signal {
  const { samples: x, channels } = input;
  const outChannels = 'outChannels' in layer ? layer.outChannels : channels;
  const shape = { ...layer, inChannels: channels, outChannels };
  const w = () => find(weights, `${name}weight`);
  const b = () => ('bias' in layer && layer.bias === false ? null : find(weights, `${name}bias`));
  const outputs = (): Float64Array => {
    switch (layer.type) {
      case 'conv1d':
        return conv1d(x, w(), b(), { ...layer, ...shape });
      case 'linear':
        return linear(x, w(), b(), shape);
      case 'convTranspose1d':
        return convTranspose1d(x, w(), b(), { ...layer, ...shape });
      case 'avgPool':
        return avgPool(x, channels, layer);
      case 'maxPool':
        return maxPool(x, channels, layer);
      case 'norm':
        return layer.kind === 'affine'
          ? norm.affineNorm(x, w(), find(weights, `${name}bias`))
          : norm.runningNorm(x, norm.runningStatistics(x, channels, input.valid, layer.tau));
      case 'softmax':
        return softmax(x, channels);
      default:
        return activate(oneOf('type', layer.type, activationNames), x, layer.alpha);
    }
  };
  const samples = outputs();
  return { samples, channels: outChannels, valid: validity(layer, input.valid, samples.length / outChannels) };
}

/** Returns the gradients of a layer's input and parameters for g = ∂L/∂y of every output, [outputs, out]. */
export function layerGradients(
  layer: SimpleLayer,
  name: string,
  weights: ReferenceWeights,
  { samples: x, channels, valid }: Signal,
  g: Float64Array,
): LayerGradients {
  const outChannels = 'outChannels' in layer ? layer.outChannels : channels;
  const shape = { ...layer, inChannels: channels, outChannels };
  const w = () => find(weights, `${name}weight`);
  const trained = ({ input, weight, bias }: WeightedGradients): LayerGradients => {
    const both = { [`${name}weight`]: weight, [`${name}bias`]: bias };
    return { input, weights: 'bias' in layer && layer.bias === false ? { [`${name}weight`]: weight } : both };
  };
  const plain = (input: Float64Array): LayerGradients => ({ input, weights: {} });
  switch (layer.type) {
    case 'conv1d':
      return trained(conv1dGradients(x, w(), g, { ...layer, ...shape }));
    case 'linear':
      return trained(linearGradients(x, w(), g, shape));
    case 'convTranspose1d':
      return trained(convTranspose1dGradients(x, w(), g, { ...layer, ...shape }));
    case 'avgPool':
      return plain(avgPoolGradient(x, channels, g, layer));
    case 'maxPool':
      return plain(maxPoolGradient(x, channels, g, layer));
    case 'norm':
      return layer.kind === 'affine'
        ? trained(norm.affineNormGradients(x, w(), g))
        : plain(norm.runningNormGradient(g, norm.runningStatistics(x, channels, valid, layer.tau)));
    case 'softmax':
      return plain(softmaxGradient(x, channels, g));
    default:
      return plain(activationGradient(oneOf('type', layer.type, activationNames), x, g, layer.alpha));
  }
}

function find(weights: ReferenceWeights, name: string): ArrayLike<number> {
  const found = (weights as Partial<ReferenceWeights>)[name];
  if (!found) throw invalid(`weights['${name}']`, 'given', undefined, TypeError);
  return found.data;
}
