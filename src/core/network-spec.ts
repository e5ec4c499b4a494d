import { activations, type ActivationType } from '../kernels/activation-types.ts';
import { activationLayer } from './activation.ts';
import { avgPoolLayer } from './avg-pool.ts';
import { integer, invalid, oneOf } from './check.ts';
import { concatLayer } from './concat.ts';
import { conv1dLayer } from './conv1d-layer.ts';
import { convTranspose1dLayer } from './conv-transpose1d-layer.ts';
import type { Layer } from './layer.ts';
import { maxPoolLayer } from './max-pool.ts';
import { normLayer } from './norm.ts';
import { residualLayer } from './residual.ts';
import { softmaxLayer } from './softmax.ts';
import type { WindowSpec } from './windowing.ts';

export interface Conv1dSpec extends WindowSpec {
  type: 'conv1d';
  outChannels: number;
  groups?: number;
  bias?: boolean;
}

/** A convolution of one tap: every frame by itself. */
export interface LinearSpec {
  type: 'linear';
  outChannels: number;
  bias?: boolean;
}

/** Upsampling: input n adds to the outputs nS + kD, so every input brings S outputs, and the rest comes at flush. */
export interface ConvTranspose1dSpec {
  type: 'convTranspose1d';
  outChannels: number;
  kernelSize: number;
  stride?: number;
  dilation?: number;
  groups?: number;
  bias?: boolean;
}

export interface ActivationSpec {
  type: ActivationType;
  /** Slope of leakyRelu (0.01), scale of elu (1), floor of log (1e-6). */
  alpha?: number;
}

export interface SoftmaxSpec {
  type: 'softmax';
}

export interface PoolSpec {
  type: 'avgPool' | 'maxPool';
  kernelSize: number;
  /** Default: kernelSize. */
  stride?: number;
}

export interface NormSpec {
  type: 'norm';
  kind: 'affine' | 'running';
  /** Time constant of the running statistics, in frames. Default 100. */
  tau?: number;
}

/** y[n] = layers(x)[n] + x of the frame that output n hangs on. */
export interface ResidualSpec {
  type: 'residual';
  layers: LayerSpec[];
}

/** The channels of several branches side by side; outputs that hang on the same frame meet. */
export interface ConcatSpec {
  type: 'concat';
  branches: LayerSpec[][];
}

export type LayerSpec =
  | Conv1dSpec
  | LinearSpec
  | ConvTranspose1dSpec
  | ActivationSpec
  | SoftmaxSpec
  | PoolSpec
  | NormSpec
  | ResidualSpec
  | ConcatSpec;

/** A network as plain JSON: channels in, and a list of layers. What a config file, a checkpoint and the wire carry. */
export interface NetworkSpec {
  inChannels: number;
  layers: LayerSpec[];
}

/** What a layer is told of where it stands. */
export interface LayerContext {
  readonly inChannels: number;
  /** Whether a rectifier follows, which kernels start differently for. */
  readonly rectified: boolean;
  /** Builds the layers within a compound layer; `field` is where they stand in its spec. */
  readonly build: (field: string, specs: readonly LayerSpec[], inChannels: number) => Layer[];
}

type Make = (spec: never, context: LayerContext) => Layer;

const window = ['kernelSize', 'stride', 'dilation', 'phase', 'mode', 'padding', 'padValue', 'statLength', 'period'];
const activationKinds = activations.map((type): [string, [Make, string[]]] => {
  return [type, [activationLayer, ['alpha']]];
});

/** Every type of layer: what makes it, and the fields that its spec may have. */
const kinds = new Map<string, [make: Make, fields: readonly string[]]>([
  ['conv1d', [conv1dLayer, ['outChannels', 'groups', 'bias', ...window]]],
  ['linear', [linearLayer, ['outChannels', 'bias']]],
  ['convTranspose1d', [convTranspose1dLayer, ['outChannels', 'kernelSize', 'stride', 'dilation', 'groups', 'bias']]],
  ['avgPool', [avgPoolLayer, ['kernelSize', 'stride']]],
  ['maxPool', [maxPoolLayer, ['kernelSize', 'stride']]],
  ['norm', [normLayer, ['kind', 'tau']]],
  ['residual', [residualLayer, ['layers']]],
  ['concat', [concatLayer, ['branches']]],
  ['softmax', [softmaxLayer, []]],
  ...activationKinds,
]);
const rectifiers = ['relu', 'leakyRelu', 'elu', 'gelu', 'softplus'];

/** Checks a spec and returns its layers. Throws an error that names the layer's number, the field, the rule and the value. */
export function layersOf(spec: NetworkSpec): Layer[] {
  if (typeof spec !== 'object' || (spec as NetworkSpec | null) === null)
    throw invalid('spec', 'a NetworkSpec', spec, TypeError);
  return build('layers', spec.layers, integer('inChannels', spec.inChannels, 1));
}

function build(field: string, specs: readonly LayerSpec[], inChannels: number): Layer[] {
  if (!Array.isArray(specs)) throw invalid(field, 'an array of LayerSpecs', specs, TypeError);
  let channels = inChannels;
  return specs.map((spec: LayerSpec, index) => {
    const rectified = rectifiers.includes((specs[index + 1] as LayerSpec | undefined)?.type ?? '');
    const layer = within(`${field}[${index}].`, () => layerOf(spec, { inChannels: channels, rectified, build }));
    channels = layer.outChannels;
    return layer;
  });
}

function layerOf(spec: LayerSpec, context: LayerContext): Layer {
  const type = oneOf('type', (spec as LayerSpec | null)?.type, [...kinds.keys()]);
  const [make, fields] = kinds.get(type)!;
  // a misspelt option would otherwise be ignored in silence
  for (const field of Object.keys(spec)) if (field !== 'type') oneOf(`field of ${type}`, field, fields);
  return make(spec as never, context);
}

function linearLayer(spec: LinearSpec, context: LayerContext): Layer {
  const { outChannels, bias } = spec;
  return { ...conv1dLayer({ type: 'conv1d', outChannels, bias, kernelSize: 1 }, context), type: 'linear' };
}

/** Puts where it stands before the sentence of an error. */
function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error) error.message = place + error.message;
    throw error;
  }
}
