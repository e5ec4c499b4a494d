import { activations, type ActivationType } from './activation.ts';
import { integer, invalid, oneOf } from './check.ts';
import { windowing, type Mode, type Padding, type Windowing } from './windowing.ts';

export interface Conv1dSpec {
  type: 'conv1d';
  outChannels: number;
  kernelSize: number;
  stride?: number;
  dilation?: number;
  groups?: number;
  /** Frame that output 0 hangs on in 'causal' mode, 0 … stride - 1. */
  phase?: number;
  bias?: boolean;
  mode?: Mode;
  padding?: Padding;
  /** What 'constant' padding is filled with. */
  padValue?: number;
}

export interface ActivationSpec {
  type: ActivationType;
  /** Slope of leakyRelu (0.01), scale of elu (1), floor of log (1e-6). */
  alpha?: number;
}

export interface AvgPoolSpec {
  type: 'avgPool';
  kernelSize: number;
  /** Default: kernelSize. */
  stride?: number;
}

export type LayerSpec = Conv1dSpec | ActivationSpec | AvgPoolSpec;

/** A network as plain JSON: channels in, and a list of layers. What a config file, a checkpoint and the wire carry. */
export interface NetworkSpec {
  inChannels: number;
  layers: LayerSpec[];
}

/** A layer with its numbers checked and worked out. */
export type Layer = { readonly index: number; readonly inChannels: number; readonly outChannels: number } & (
  | { readonly type: 'conv1d'; readonly windowing: Windowing; readonly groups: number; readonly bias: boolean }
  | { readonly type: 'avgPool'; readonly windowing: Windowing }
  | { readonly type: 'activation'; readonly activation: ActivationType; readonly alpha: number | undefined }
);

const LAYER_TYPES = ['conv1d', 'avgPool', ...(Object.keys(activations) as ActivationType[])] as const;

/** Checks a spec and returns its layers. Throws an error that names the layer's number, the field, the rule and the value. */
export function layersOf(spec: NetworkSpec): Layer[] {
  if (typeof spec !== 'object' || spec === null) throw invalid('spec', 'a NetworkSpec', spec, TypeError);
  let channels = integer('inChannels', spec.inChannels, 1);
  if (!Array.isArray(spec.layers)) throw invalid('layers', 'an array of LayerSpecs', spec.layers, TypeError);
  return spec.layers.map((layerSpec, index) => {
    const layer = named(index, () => layerOf(layerSpec, index, channels));
    channels = layer.outChannels;
    return layer;
  });
}

function layerOf(spec: LayerSpec, index: number, inChannels: number): Layer {
  const type = oneOf('type', (spec as LayerSpec | null)?.type, LAYER_TYPES);
  if (spec.type === 'conv1d') {
    only(spec, [
      'outChannels',
      'kernelSize',
      'stride',
      'dilation',
      'groups',
      'phase',
      'bias',
      'mode',
      'padding',
      'padValue',
    ]);
    const outChannels = integer('outChannels', spec.outChannels, 1);
    const groups = integer('groups', spec.groups ?? 1, 1);
    if (inChannels % groups !== 0) throw invalid('groups', `a divisor of its ${inChannels} channels in`, groups);
    if (outChannels % groups !== 0) throw invalid('groups', `a divisor of outChannels = ${outChannels}`, groups);
    const bias = spec.bias ?? true;
    if (typeof bias !== 'boolean') throw invalid('bias', 'true or false', bias, TypeError);
    return { type: 'conv1d', index, inChannels, outChannels, windowing: windowing(spec), groups, bias };
  }
  if (spec.type === 'avgPool') {
    only(spec, ['kernelSize', 'stride']);
    const { kernelSize, stride = kernelSize } = spec;
    const pool = windowing({ kernelSize, stride, mode: 'valid' });
    return { type, index, inChannels, outChannels: inChannels, windowing: pool } as Layer;
  }
  only(spec, ['alpha']);
  const { alpha } = spec;
  if (alpha !== undefined && !Number.isFinite(alpha)) throw invalid('alpha', 'a finite number', alpha);
  return { type: 'activation', activation: spec.type, alpha, index, inChannels, outChannels: inChannels };
}

/** Refuses fields that the layer does not have: a misspelt option would otherwise be ignored in silence. */
function only(spec: LayerSpec, fields: readonly string[]): void {
  for (const field of Object.keys(spec)) {
    if (field !== 'type') oneOf(`field of ${spec.type}`, field, fields);
  }
}

/** Puts the layer's number before the sentence of an error. */
function named<T>(index: number, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof Error) error.message = `layers[${index}].${error.message}`;
    throw error;
  }
}
