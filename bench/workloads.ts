import { plan, random, type Random, type LayerSpec, type NetworkSpec, type Weights } from 'tapline';

/** A convolution in the form that peers receive. `weight` is [out, tap, in] in lag order, `bias` [out]. */
export interface Convolution {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly taps: number;
  readonly stride: number;
  readonly relu: boolean;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A network and its input, `step` frames per call, which are the same for every engine. */
export interface Workload {
  /** 'W2 step 10' */
  readonly name: string;
  /** 'W2' */
  readonly network: string;
  readonly shape: string;
  readonly step: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input frames per output. */
  readonly stride: number;
  readonly receptiveField: number;
  readonly layers: readonly Convolution[];
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  /** The input, repeated, [step, in] each. The number of blocks is a power of two. */
  readonly blocks: readonly Float32Array[];
  /** Floating-point operations per step: 2 per multiply-add. */
  readonly operations: number;
}

/** A stack of convolutions with `taps` taps each and, if `relu`, a rectifier after each. */
interface Stack {
  network: string;
  shape: string;
  channels: number[];
  taps: number;
  strides: number[];
  relu?: boolean;
}

const w1: Stack = { network: 'W1', shape: '6 ch → 8 kernels, 16 taps', channels: [6, 8], taps: 16, strides: [1] };
const w2: Stack = { network: 'W2', shape: '8 → 16, 32 taps', channels: [8, 16], taps: 32, strides: [1] };
const w3: Stack = {
  network: 'W3',
  shape: '128 → 64, 32 taps, stride 2',
  channels: [128, 64],
  taps: 32,
  strides: [2],
};
const w4: Stack = {
  network: 'W4',
  shape: '8 → 32 → 32 → 32, ReLU, 9 taps, strides 1, 2, 2',
  channels: [8, 32, 32, 32],
  taps: 9,
  strides: [1, 2, 2],
  relu: true,
};
const stacks = [w1, w2, w3, w4];

/** The networks and step sizes on which Tapline is compared with its peers. */
export const workloads: readonly Workload[] = [
  makeWorkload(w1, 1),
  makeWorkload(w2, 1),
  makeWorkload(w2, 10),
  makeWorkload(w3, 1),
  makeWorkload(w3, 10),
  makeWorkload(w3, 100),
  makeWorkload(w4, 1),
  makeWorkload(w4, 32),
];

/**
 * The same networks with realistic blocks, a tenth of a second at 250 Hz, for measuring the layers around the engine.
 */
export const blockWorkloads: readonly Workload[] = [w1, w2, w4].map((stack) => makeWorkload(stack, 25));

/** Returns the workload of `network` with `step` frames per call. */
export function workloadOf(network: string, step: number): Workload {
  return makeWorkload(
    stacks.find((stack) => stack.network === network)!,
    step,
  );
}

/** Returns a workload with one convolution, for measuring growth. */
export function singleLayer(inChannels: number, outChannels: number, taps: number, step: number): Workload {
  const shape = `${inChannels} → ${outChannels}, ${taps} taps`;
  return makeWorkload({ network: shape, shape, channels: [inChannels, outChannels], taps, strides: [1] }, step);
}

/**
 * Outputs are aligned with the last frame of their stride (phase S - 1), so that a window always ends with the newest
 * frame and a peer that receives windows never has to delay one.
 */
function makeWorkload(stack: Stack, step: number): Workload {
  const { network, shape, channels, taps, strides, relu = false } = stack;
  const rng = random(1);
  const normal = (length: number, scale: number) => Float32Array.from({ length }, () => scale * rng.normal());
  const layers = strides.map((stride, l): Convolution => {
    const [inChannels, outChannels] = [channels[l], channels[l + 1]];
    const weight = normal(outChannels * taps * inChannels, 1 / Math.sqrt(taps * inChannels));
    return { inChannels, outChannels, taps, stride, relu, weight, bias: normal(outChannels, 0.1) };
  });
  const specs = layers.map(({ outChannels, stride }): LayerSpec[] => [
    { type: 'conv1d', outChannels, kernelSize: taps, stride, phase: stride - 1 },
    ...(relu ? [{ type: 'relu' } as const] : []),
  ]);
  const spec: NetworkSpec = { inChannels: channels[0], layers: specs.flat() };
  const weights: Weights = {};
  for (const [l, { weight, bias, outChannels, inChannels }] of layers.entries()) {
    const name = `layers.${l * specs[0].length}`;
    weights[`${name}.weight`] = { shape: [outChannels, taps, inChannels], data: weight };
    weights[`${name}.bias`] = { shape: [outChannels], data: bias };
  }
  return { ...workloadFor(shape, spec, weights, step, rng), name: `${network} step ${step}`, network, layers };
}

/** Returns the workload of any network, for engines that read its spec and weights. */
export function workloadFor(
  shape: string,
  spec: NetworkSpec,
  weights: Weights,
  step: number,
  rng: Random = random(1),
): Workload {
  const { inChannels } = spec;
  const { stride, receptiveField, outChannels, layers: planned } = plan(spec);
  return {
    name: `${shape} step ${step}`,
    network: shape,
    shape,
    step,
    inChannels,
    outChannels,
    stride,
    receptiveField,
    layers: [],
    spec,
    weights,
    blocks: Array.from(
      { length: Math.max(8, 2 ** Math.floor(Math.log2(Math.max(256, 4 * receptiveField) / step))) },
      () => Float32Array.from({ length: step * inChannels }, () => rng.normal()),
    ),
    operations: 2 * step * planned.reduce((sum, { macsPerFrame }) => sum + macsPerFrame, 0),
  };
}
