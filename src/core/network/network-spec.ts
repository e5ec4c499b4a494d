import type { LinearSpec, LayerSpec, LayerContext } from '../layers/layer-spec.ts';
import { activations } from '../../kernels/activation-types.ts';
import { customLayer, layerDefinition, registeredLayers } from '../layers/custom-layer.ts';
import { activationLayer, softmaxLayer } from '../layers/activation.ts';
import { avgPoolLayer, maxPoolLayer } from '../layers/pool-layer.ts';
import { integer, invalid, oneOf } from '../check.ts';
import { concatLayer } from '../layers/concat.ts';
import { conv1dLayer } from '../layers/convolution/conv1d-layer.ts';
import { convTranspose1dLayer } from '../layers/convolution/conv-transpose1d-layer.ts';
import type { Layer } from '../layers/layer.ts';
import { normLayer } from '../layers/norm.ts';
import { residualLayer } from '../layers/residual.ts';

/** A network as plain JSON, as stored in configuration files and checkpoints and sent over the protocol. */
export interface NetworkSpec {
  /** Number of channels per input frame, >= 1. */
  inChannels: number;
  /** The layers, in the order in which they process the input. */
  layers: LayerSpec[];
}

type Make = (spec: never, context: LayerContext) => Layer;

const window = ['kernelSize', 'stride', 'dilation', 'phase', 'mode', 'padding', 'padValue', 'statLength', 'period'];
const activationKinds = activations.map((type): [string, [Make, string[]]] => {
  return [type, [activationLayer, ['alpha']]];
});

/** Every type of layer: the function that creates it, and the fields that its spec may have. */
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
export function layersOf(spec: NetworkSpec, options: Pick<LayerContext, 'edgePadding'> = {}): Layer[] {
  if (typeof spec !== 'object' || (spec as NetworkSpec | null) === null)
    throw invalid('spec', 'a NetworkSpec', spec, TypeError);
  return build('layers', spec.layers, integer('inChannels', spec.inChannels, 1), options);
}

function build(
  field: string,
  specs: readonly LayerSpec[],
  inChannels: number,
  { edgePadding }: Pick<LayerContext, 'edgePadding'> = {},
): Layer[] {
  const inner: LayerContext['build'] = (...args) => build(...args, { edgePadding });
  if (!Array.isArray(specs)) throw invalid(field, 'an array of LayerSpecs', specs, TypeError);
  let channels = inChannels;
  return specs.map((spec: LayerSpec, index) => {
    const rectified = rectifiers.includes((specs[index + 1] as LayerSpec | undefined)?.type ?? '');
    const layer = within(`${field}[${index}].`, () =>
      layerOf(spec, { inChannels: channels, rectified, edgePadding, build: inner }),
    );
    channels = layer.outChannels;
    return layer;
  });
}

function layerOf(spec: LayerSpec, context: LayerContext): Layer {
  const given = (spec as LayerSpec | null)?.type;
  const definition = layerDefinition(String(given));
  if (!definition && typeof given === 'string' && given.includes('/'))
    throw invalid('type', `one of the layers registered with registerLayer (${listed()})`, given);
  const type = definition ? given! : oneOf('type', given, [...kinds.keys()]);
  const [make, fields] = definition ? [customLayer, definition.fields ?? []] : kinds.get(type)!;
  // a misspelled option would otherwise be ignored silently
  for (const field of Object.keys(spec)) if (field !== 'type') oneOf(`field of ${type}`, field, fields);
  return make(spec as never, context);
}

function listed(): string {
  return registeredLayers().join(', ') || 'none';
}

function linearLayer(spec: LinearSpec, context: LayerContext): Layer {
  const { outChannels, bias } = spec;
  return { ...conv1dLayer({ type: 'conv1d', outChannels, bias, kernelSize: 1 }, context), type: 'linear' };
}

/** Prefixes the message of an error that `make` throws with the position in the spec. */
function within<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error)
      error.message = (error.message.startsWith('field of ') ? place.replace(/\.$/, ': ') : place) + error.message;
    throw error;
  }
}
