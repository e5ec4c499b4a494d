import { integer, invalid } from '../../check.ts';
import { maxPendingOutputs } from './conv-gradient.ts';
import { Conv1d } from './conv1d.ts';
import { DepthwiseConv1d } from './depthwise-conv1d.ts';
import { GatheredConv1d } from './gathered-conv1d.ts';
import { InPlaceConv1d } from './in-place-conv1d.ts';
import { type Conv1dShape, isDepthwise, packedDepthwiseKernels, packedKernels } from './packed-kernels.ts';
import { FftConv1d } from './fft-conv1d.ts';
import { fftRule, type FftRule } from './fft-rule.ts';
import type { Layer, ParameterSpec } from '../layer.ts';
import { lineMemory, type Memory } from '../../memory/memory-size.ts';
import type { Conv1dSpec, LayerContext } from '../layer-spec.ts';
import { windowPace } from '../pace.ts';
import { keptFrames, windowing } from '../windowing.ts';

/**
 * Checks the spec of a convolution. Weights are [out, tap, in/groups] in lag order: tap 0 applies to the newest frame.
 */
export function conv1dLayer(spec: Conv1dSpec, { inChannels, rectified }: LayerContext): Layer {
  const outChannels = integer('outChannels', spec.outChannels, 1);
  const groups = integer('groups', spec.groups ?? 1, 1);
  if (inChannels % groups !== 0) throw invalid('groups', `a divisor of inChannels = ${inChannels}`, groups);
  if (outChannels % groups !== 0) throw invalid('groups', `a divisor of outChannels = ${outChannels}`, groups);
  const bias = spec.bias ?? true;
  if (typeof bias !== 'boolean') throw invalid('bias', 'true or false', bias, TypeError);
  const shape: Conv1dShape = { ...windowing(spec), inChannels, outChannels, groups };
  const { kernelSize } = shape;
  const fft = fftRule(shape);
  const kernel = [outChannels, kernelSize, inChannels / groups];
  const start = { fanIn: kernelSize * kernel[2], fanOut: (kernelSize * outChannels) / groups, rectified };
  const depthwise = isDepthwise(shape);
  const packing = depthwise ? packedDepthwiseKernels(kernel, inChannels) : packedKernels(kernel, groups);
  const parameters: ParameterSpec[] = [{ name: 'weight', shape: kernel, start, packing }];
  if (bias) parameters.push({ name: 'bias', shape: [outChannels], start: 0 });
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace: windowPace(shape),
    macs: outChannels * kernelSize * kernel[2],
    ...(shape.dilation === 1 && groups === 1 && { eagerMacs: outChannels * inChannels }),
    fftFrom: fft?.minOutputs,
    memory: (gradients, byFft) => convMemory(shape, gradients, byFft ? fft : undefined),
    parameters,
    stream: (values, context) => {
      if (depthwise) return new DepthwiseConv1d(shape, values, context);
      if (shape.dilation > 1 || groups > 1) {
        const inPlace = InPlaceConv1d.fits(shape);
        return inPlace ? new InPlaceConv1d(shape, values, context) : new GatheredConv1d(shape, values, context);
      }
      return fft && context.fft
        ? new FftConv1d(shape, values, context, fft, context.fft)
        : new Conv1d(shape, values, context);
    },
  };
}

function convMemory(shape: Conv1dShape, gradients: boolean, fft?: FftRule): Memory {
  const line = lineMemory(shape.inChannels, keptFrames(shape), gradients, fft?.block);
  // the pending output gradients, and the gradient of the bias
  if (gradients)
    return { arena: line.arena + 4 * (maxPendingOutputs + 1) * shape.outChannels, objects: line.objects + 200 };
  return fft ? { arena: line.arena, objects: line.objects + fft.bytes } : line;
}
