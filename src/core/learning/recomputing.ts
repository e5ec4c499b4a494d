import { oneOf } from '../check.ts';
import type { LayerStack } from '../layers/layer-stack.ts';
import type { MemoryRange } from '../layers/parameter-gradients.ts';
import type { Network } from '../network/network.ts';
import type { LossSpec } from './loss.ts';

/** Throws if the outputs of a network cannot be computed again, or if the loss is not that of least squares. */
export function checkRecomputing({ recomputes }: LayerStack, loss: LossSpec = 'squared'): void {
  if (!recomputes)
    throw new TypeError(
      'the last layer of network must be linear, or a conv1d with one group and without dilation, for optimizer rls; use another optimizer',
    );
  oneOf('loss', typeof loss === 'string' ? loss : loss.type, ['squared', 'huber']);
}

/**
 * Starts a network whose last layer is zero with the first target as its bias, so that an offset of the signal does not count as an
 * error until it is learned. Returns whether the network is one.
 */
export function startFromTarget(network: Network, { trained }: LayerStack, target: Float32Array, at: number): boolean {
  const { values, engine, changes, outChannels } = network;
  const [weights, bias] = trained.at(-1)?.values ?? [];
  if (!bias || values.at(-1) !== bias) return false;
  const { f32 } = engine.arena;
  const isZero = ({ at: from, count }: MemoryRange) => f32.subarray(from, from + count).every((value) => value === 0);
  if (!isZero(weights) || !isZero(bias)) return false;
  f32.set(target.subarray(at, at + outChannels), bias.at);
  changes.version++;
  return true;
}
