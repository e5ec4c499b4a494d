import type { Network } from '../../core/network/network.ts';
import type { Recording } from '../../formats/index.ts';

/**
 * Share of the energy of the kernels in their oldest quarter of taps, if the network is one convolution; NaN otherwise. The
 * energy of a weight is its square times the variance of its input, so that the units of the channels do not matter.
 * @param variances variance of each input channel
 */
export function oldestShare(network: Network, variances: ArrayLike<number>): number {
  const kernels = network.parameters.find(({ shape }) => shape.length === 3);
  if (network.layers.length !== 1 || !kernels) return NaN;
  const [outputs, taps, inputs] = kernels.shape;
  if (taps < 4 || inputs !== network.inChannels) return NaN;
  const { data } = network.weights()[kernels.name];
  const oldest = taps - Math.floor(taps / 4);
  let [tail, all] = [0, 0];
  for (let i = 0; i < outputs * taps * inputs; i++) {
    const energy = data[i] ** 2 * variances[i % inputs];
    all += energy;
    if (Math.floor(i / inputs) % taps >= oldest) tail += energy;
  }
  return tail / all;
}

/** The variance of the finite samples of channels, over all recordings. */
export function variancesOf(recordings: readonly Recording[], channels: readonly number[]): Float64Array {
  const [mean, squares] = [new Float64Array(channels.length), new Float64Array(channels.length)];
  const counts = new Float64Array(channels.length);
  for (const { blocks } of recordings)
    for (const { data, channels: width } of blocks)
      for (const [c, channel] of channels.entries())
        for (let i = channel; i < data.length; i += width) {
          if (!Number.isFinite(data[i])) continue;
          const deviation = data[i] - mean[c];
          mean[c] += deviation / ++counts[c];
          squares[c] += deviation * (data[i] - mean[c]);
        }
  return squares.map((sum, c) => sum / Math.max(1, counts[c]));
}
