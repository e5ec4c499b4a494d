import fc from 'fast-check';
import { activations } from '../../../src/kernels/activation-types.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';

const channels = fc.constantFrom(1, 2, 3, 4, 4, 5, 8, 8, 9);
const convolution: fc.Arbitrary<LayerSpec> = fc
  .record({
    outChannels: channels,
    kernelSize: fc.integer({ min: 1, max: 5 }),
    stride: fc.constantFrom(1, 1, 1, 2, 3),
    phase: fc.nat({ max: 2 }),
    mode: fc.constantFrom('causal', 'causal', 'valid', 'same'),
    padding: fc.constantFrom('zeros', 'zeros', 'constant', 'edge', 'mean', 'reflect'),
    bias: fc.boolean(),
    dilation: fc.constantFrom(1, 1, 2, 3),
    kind: fc.constantFrom('dense', 'dense', 'grouped', 'depthwise'),
  })
  .map(({ phase, mode, padding, kind, ...rest }) => ({
    type: 'conv1d' as const,
    ...rest,
    // replaced by the number of groups that the input channels allow
    groups: { dense: 1, grouped: 2, depthwise: Infinity }[kind],
    mode,
    padding,
    ...(mode === 'causal' && { phase: phase % rest.stride }),
    ...(padding === 'mean' && { statLength: 3 }),
  }));
const activation: fc.Arbitrary<LayerSpec> = fc.constantFrom(
  ...activations.map((type) => ({ type })),
  { type: 'relu' as const },
  { type: 'relu' as const },
  { type: 'leakyRelu' as const, alpha: 0.3 },
);
const layers = fc.array(fc.oneof({ weight: 2, arbitrary: convolution }, activation), { minLength: 1, maxLength: 4 });
/** Stacks of up to four convolutions of every kind and activations. */
export const stacks: fc.Arbitrary<{ inChannels: number; layers: LayerSpec[] }> = fc
  .tuple(channels, layers)
  .map(([inChannels, stack]) => ({ inChannels, layers: fitted(inChannels, stack) }));

/** Returns the layers with numbers of groups and outputs that fit the channels of the layer below. */
function fitted(inChannels: number, stack: readonly LayerSpec[]): LayerSpec[] {
  let width = inChannels;
  return stack.map((layer) => {
    if (layer.type !== 'conv1d') return layer;
    const groups = layer.groups === Infinity ? width : layer.groups === 2 && width % 8 === 0 ? 2 : 1;
    const multiple = Math.max(1, Math.min(2, Math.floor(layer.outChannels / groups)));
    const outChannels = groups > 2 ? groups * multiple : groups * Math.ceil(layer.outChannels / groups);
    width = outChannels;
    return { ...layer, groups, outChannels };
  });
}
