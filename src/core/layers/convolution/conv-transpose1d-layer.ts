import { integer, invalid } from '../../check.ts';
import { ConvTranspose1d } from './conv-transpose1d.ts';
import type { Layer, ParameterSpec } from '../layer.ts';
import { lineMemory } from '../../memory/memory-size.ts';
import type { ConvTranspose1dSpec, LayerContext } from '../layer-spec.ts';
import type { Pace } from '../pace.ts';
import { packedPhasesSize, polyphase, type Polyphase } from './polyphase.ts';

/** Maximum number of outputs per input frame: the weights of each phase are stored separately. */
const maxStride = 65536;

/**
 * Checks the spec of a transposed convolution. Weights are [out, tap, in/groups]: tap k adds input n to output nS + kD.
 */
export function convTranspose1dLayer(spec: ConvTranspose1dSpec, { inChannels, rectified }: LayerContext): Layer {
  const outChannels = integer('outChannels', spec.outChannels, 1);
  const kernelSize = integer('kernelSize', spec.kernelSize, 1);
  const stride = integer('stride', spec.stride ?? 1, 1);
  if (stride > maxStride) throw invalid('stride', `<= ${maxStride}`, stride);
  const dilation = integer('dilation', spec.dilation ?? 1, 1);
  const groups = integer('groups', spec.groups ?? 1, 1);
  if (inChannels % groups !== 0) throw invalid('groups', `a divisor of inChannels = ${inChannels}`, groups);
  if (outChannels % groups !== 0) throw invalid('groups', `a divisor of outChannels = ${outChannels}`, groups);
  const hasBias = spec.bias ?? true;
  if (typeof hasBias !== 'boolean') throw invalid('bias', 'true or false', hasBias, TypeError);
  const reach = (kernelSize - 1) * dilation;
  const lags = Math.floor(reach / stride);
  const kernel = [outChannels, kernelSize, inChannels / groups];
  let made: Polyphase | undefined;
  const cut = () => (made ??= polyphase(kernel, groups, stride, dilation));
  const start = {
    fanIn: Math.ceil(kernelSize / stride) * kernel[2],
    fanOut: (kernelSize * outChannels) / groups,
    rectified,
  };
  const bias = hasBias ? [{ name: 'bias', shape: [outChannels], start: 0 }] : [];
  const shape = { inChannels, outChannels, stride, reach, lags, groups };
  const weight: ParameterSpec = {
    name: 'weight',
    shape: kernel,
    start,
    // computed on first use: a network can be planned, and rejected, without it
    packing: {
      count: packedPhasesSize(kernel, groups, stride, dilation),
      pack: (numbers) => cut().packing.pack(numbers),
      unpack: (packed) => cut().packing.unpack(packed),
    },
  };
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace: transposedPace(stride, reach, lags),
    macs: (outChannels * kernelSize * kernel[2]) / stride,
    memory: (gradients) => lineMemory(inChannels, lags + 1, gradients),
    parameters: [weight, ...bias],
    stream: (values, context) => new ConvTranspose1d({ ...shape, phases: cut().phases }, values, context),
  };
}

/** The pace of a transposed convolution: every input frame gives S outputs, which are aligned with it. */
function transposedPace(stride: number, reach: number, lags: number): Pace {
  return {
    up: stride,
    stride: 1,
    receptiveField: lags + 1,
    delay: reach / 2 / stride,
    settlingFrames: lags + 1,
    period: 1,
    alignedFrame: (index) => Math.floor(index / stride),
    outputsAfter: (frames) => frames * stride,
    framesFor: (outputs) => Math.ceil(outputs / stride),
  };
}
