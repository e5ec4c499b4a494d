import type { Layer, LayerStream, StreamContext } from './layer.ts';
import { lineMemory } from './memory.ts';
import type { LayerContext, PoolSpec } from './network-spec.ts';
import { windowPace } from './pace.ts';
import { keptFrames, windowing, type Windowing } from './windowing.ts';

/** Checks a pool's spec: whole windows only, so that padding never enters, one after the other unless a stride is given. */
export function poolLayer(
  spec: PoolSpec,
  { inChannels }: LayerContext,
  stream: (windowing: Windowing, channels: number, context: StreamContext) => LayerStream,
): Layer {
  const { type, kernelSize, stride = kernelSize } = spec;
  const window = windowing({ kernelSize, stride, mode: 'valid' });
  return {
    type,
    inChannels,
    outChannels: inChannels,
    pace: windowPace(window),
    macs: inChannels * kernelSize,
    memory: (gradients) => lineMemory(inChannels, keptFrames(window), gradients),
    parameters: [],
    stream: (_, context) => stream(window, inChannels, context),
  };
}
