import fc from 'fast-check';
import { activations } from '../../../src/kernels/activation-types.ts';
import type { Engine } from '../../../src/core/memory/engine.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { Conv1dSpec, LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { plan } from '../../../src/core/network/plan.ts';
import { random } from '../../../src/core/random.ts';
import { plain, simd } from '../../engines.ts';

const small = (max: number, min = 1) => fc.integer({ min, max });
const even = fc.constantFrom(2, 4);

/** Convolutions with every mode and padding and up to 5 taps. */
export const convolutions: fc.Arbitrary<Conv1dSpec> = fc
  .record({
    outChannels: even,
    kernelSize: small(5),
    stride: fc.constantFrom(1, 1, 2, 3),
    dilation: small(3),
    groups: fc.constantFrom(1, 2),
    phase: fc.nat({ max: 2 }),
    mode: fc.constantFrom('causal', 'causal', 'valid', 'same', 'full', 'sides'),
    sides: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 })),
    padding: fc.constantFrom('zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'),
    bias: fc.boolean(),
    statLength: small(6),
    period: small(7),
  })
  .map(({ phase, mode, sides, statLength, period, ...rest }) => {
    const reach = (rest.kernelSize - 1) * rest.dilation;
    const [left, right] = sides.map((side) => side % (reach + 1));
    return {
      type: 'conv1d',
      ...rest,
      ...(mode === 'causal' && { phase: phase % rest.stride }),
      mode: mode === 'sides' ? [left, right] : mode,
      padValue: 0.5,
      ...((rest.padding === 'mean' || rest.padding === 'median') && { statLength }),
      ...(rest.padding === 'wrap' && { period }),
    };
  });

export const transposed: fc.Arbitrary<LayerSpec> = fc.record({
  type: fc.constant('convTranspose1d' as const),
  outChannels: even,
  kernelSize: small(5),
  stride: small(3),
  dilation: small(3),
  groups: fc.constantFrom(1, 2),
  bias: fc.boolean(),
});
const activation: fc.Arbitrary<LayerSpec> = fc.constantFrom(
  ...activations.map((type) => ({ type })),
  { type: 'leakyRelu' as const, alpha: 0.3 },
  { type: 'elu' as const, alpha: 0.5 },
  { type: 'softmax' as const },
);
/** Pools of both kinds, with adjacent, overlapping, or separate windows. */
export const pools: fc.Arbitrary<LayerSpec> = fc.record({
  type: fc.constantFrom('avgPool' as const, 'maxPool' as const),
  kernelSize: small(4),
  stride: small(3),
});
const norm: fc.Arbitrary<LayerSpec> = fc.constantFrom<LayerSpec>(
  { type: 'norm', kind: 'affine' },
  { type: 'norm', kind: 'running' },
  { type: 'norm', kind: 'running', tau: 5 },
);
const simple: fc.Arbitrary<LayerSpec> = fc.oneof(
  { weight: 6, arbitrary: convolutions },
  { weight: 4, arbitrary: activation },
  { weight: 2, arbitrary: pools },
  { weight: 2, arbitrary: transposed },
  { weight: 2, arbitrary: norm },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('linear' as const), outChannels: even, bias: fc.boolean() }) },
);
const residual: fc.Arbitrary<LayerSpec> = fc.record({
  type: fc.constant('residual' as const),
  layers: fc.array(simple, { maxLength: 3 }),
});

/** Branches with the same rate: each layer that changes the rate is in all of them, among layers that do not. */
const concat: fc.Arbitrary<LayerSpec> = fc
  .record({
    strides: fc.constantFrom([], [], [2], [-2], [-2, 2], [-3, 2]),
    branches: fc.array(fc.array(simple, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
    bare: fc.boolean(),
  })
  .map(({ strides, branches, bare }) => {
    const steady = branches.map((layers) => {
      const kept = layers.filter((layer) => layer.type !== 'convTranspose1d').map(ofStride1);
      const changing = strides.map((stride, i): LayerSpec => {
        const kernelSize = 2 + ((kept.length + i) % 2);
        return stride < 0
          ? { type: 'convTranspose1d', outChannels: 2, kernelSize, stride: -stride }
          : { type: 'conv1d', outChannels: 2, kernelSize, stride, mode: 'same', padding: 'reflect' };
      });
      return [...kept.slice(0, 1), ...changing, ...kept.slice(1)];
    });
    return { type: 'concat', branches: bare && strides.length === 0 ? [[], ...steady] : steady };
  });

function ofStride1(layer: LayerSpec): LayerSpec {
  if (layer.type === 'conv1d') return { ...layer, stride: 1, ...(layer.mode === 'causal' && { phase: 0 }) };
  return 'stride' in layer ? { ...layer, stride: 1 } : layer;
}

const layer = fc.oneof(
  { weight: 17, arbitrary: simple },
  { weight: 3, arbitrary: residual },
  { weight: 3, arbitrary: concat },
);

/** Stacks of up to four layers of every kind, mode and padding. */
export const specs: fc.Arbitrary<NetworkSpec> = fc
  .record({ inChannels: even, layers: fc.array(layer, { minLength: 1, maxLength: 4 }) })
  .map(({ inChannels, layers }) => ({ inChannels, layers: closed(inChannels, layers) }))
  .filter(streams);

export const seeds: fc.Arbitrary<number> = small(1e6);

/** Makes the output channels of every residual's layers equal to its input channels. */
function closed(inChannels: number, layers: readonly LayerSpec[]): LayerSpec[] {
  let channels = inChannels;
  return layers.map((layer) => {
    const end = layer.type === 'residual' ? channelsOut(channels, layer.layers) : channels;
    const last: LayerSpec[] = end === channels ? [] : [{ type: 'linear', outChannels: channels }];
    const whole = layer.type === 'residual' ? { ...layer, layers: [...layer.layers, ...last] } : layer;
    channels = channelsOut(channels, [whole]);
    return whole;
  });
}

function channelsOut(channels: number, layers: readonly LayerSpec[]): number {
  return layers.reduce((before, layer) => {
    if (layer.type === 'concat') return layer.branches.reduce((sum, branch) => sum + channelsOut(before, branch), 0);
    return 'outChannels' in layer ? (layer.outChannels as number) : before;
  }, channels);
}

/** Returns whether `plan` accepts the spec and it gives at most 8 outputs per frame. */
function streams(spec: NetworkSpec): boolean {
  try {
    return plan(spec, 1).outRate <= 8;
  } catch {
    return false;
  }
}

/** Returns the layers of `spec`, including nested ones, after applying `change` to each. */
export function mapLayers(spec: NetworkSpec, change: (layer: LayerSpec) => LayerSpec): NetworkSpec {
  const turn = (layers: readonly LayerSpec[]): LayerSpec[] =>
    layers.map((layer) => {
      if (layer.type === 'residual') return { ...layer, layers: turn(layer.layers) };
      if (layer.type === 'concat') return { ...layer, branches: layer.branches.map(turn) };
      return change(layer);
    });
  return { ...spec, layers: turn(spec.layers) };
}

/** Returns whether `is` holds for some layer of `spec`, including nested ones. */
export function hasLayer(spec: NetworkSpec, is: (layer: LayerSpec) => boolean): boolean {
  let found = false;
  mapLayers(spec, (layer) => {
    found ||= is(layer);
    return layer;
  });
  return found;
}

/** A network of random weights, biases and shifts too; of both engines, one for odd seeds and one for even ones. */
export function networkOf(spec: NetworkSpec, seed: number, engine: Engine = seed % 2 ? plain : simd): Network {
  const network = Network.create(spec, { seed, engine });
  const chance = random(seed + 1);
  const weights = Object.entries(network.weights()).map(([name, { shape, data }]) => {
    return [name, { shape, data: data.map((w) => w + 0.1 * chance.normal()) }] as const;
  });
  network.setWeights(Object.fromEntries(weights));
  return network;
}

export function noise(seed: number, length: number): Float32Array {
  const chance = random(seed);
  return Float32Array.from({ length }, () => chance.normal());
}
