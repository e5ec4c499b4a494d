import { bandPower } from '../core/designs/band-power.ts';
import { eegBands } from '../core/designs/eeg-bank.ts';
import { gaussian, gaussianDerivative } from '../core/designs/smoothing.ts';
import { Network } from '../core/network/network.ts';
import type { FeedChannel, MapSpec } from './feed-spec.ts';

/** The power of every channel in every EEG band below half the rate, about ten times a second, in dB. */
export function bandPowerMap(channels: readonly FeedChannel[], rate: number): MapSpec {
  const bands = Object.fromEntries(Object.entries(eegBands).filter(([, [, high]]) => high < rate / 2));
  return {
    name: 'band power',
    network: bandPower({ channels: channels.length, rate, bands, outRate: 10, unit: 'dB' }),
    on: 'raw',
    labels: Object.keys(bands).flatMap((band) => channels.map(({ label }) => `${band} ${label}`)),
    unit: 'dB',
  };
}

/** A bell and its slope over every standardised channel: where it is, and where it is going. */
export function trendMap(channels: readonly FeedChannel[], rate: number): MapSpec {
  const sigma = rate > 0 ? Math.min(25, Math.max(1, rate / 4)) : 2;
  const bell = gaussian(sigma);
  const slope = gaussianDerivative(sigma, 1, { taps: bell.length }).map((tap) => tap * sigma);
  const taps = bell.length;
  const data = new Float32Array(2 * channels.length * taps);
  channels.forEach((_, channel) => {
    data.set(bell, 2 * channel * taps);
    data.set(slope, (2 * channel + 1) * taps);
  });
  const outChannels = 2 * channels.length;
  return {
    name: 'trend and change',
    network: Network.create(
      {
        inChannels: channels.length,
        layers: [{ type: 'conv1d', outChannels, kernelSize: taps, groups: channels.length, bias: false }],
      },
      { weights: { 'layers.0.weight': { shape: [outChannels, taps, 1], data } } },
    ),
    on: 'standardized',
    labels: channels.flatMap(({ label }) => [`${label} trend`, `${label} change`]),
  };
}
