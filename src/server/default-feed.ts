import { bandPower } from '../core/designs/band-power.ts';
import { eegBands } from '../core/designs/eeg-bank.ts';
import { gaussian, gaussianDerivative } from '../core/designs/gaussian.ts';
import { Network } from '../core/network/network.ts';
import type { FeedChannel, FeedInfo, FeedSpec, LearnerSpec, MapSpec } from './feed-spec.ts';

/** Channels that a default feed works on; of a wider stream the first. */
const maxChannels = 32;

/** Hz beyond which a stream is not taken for EEG: kernels of 2 Hz grow with the rate. */
const maxEegRate = 5000;

const microvolt = /^[uµμ]V$/;

/**
 * The feed of a stream that nobody wrote a spec for: of EEG the band power of every channel, of anything else its trend
 * and change; a learner that forecasts the next frame; and one for each stream that is the truth of this one.
 */
export function defaultFeed(info: FeedInfo, truths: readonly FeedInfo[] = []): FeedSpec {
  const { rate } = info;
  const channels = info.channels.slice(0, maxChannels);
  const chosen = info.channels.length > maxChannels ? channels.map((_, channel) => channel) : undefined;
  const map = isEeg(info) ? bandPowerMap(channels, rate) : trendMap(channels, rate);
  return {
    gaps: 'hold',
    standardize: { frames: Math.max(rate, 100) },
    maps: [{ ...map, channels: chosen }],
    learners: [
      { name: 'forecast', task: 'forecast', taps: 16, channels: chosen },
      ...truths.map((truth): LearnerSpec => {
        return {
          name: truth.name,
          task: 'target',
          target: truth.name,
          taps: 64,
          channels: occipitalChannels(info),
          learningRate: 0.05,
        };
      }),
    ],
  };
}

function isEeg({ kind, rate, channels }: FeedInfo): boolean {
  if (rate < 30 || rate > maxEegRate) return false;
  return /\beeg$/i.test(kind ?? '') || (rate >= 100 && channels.every(({ unit }) => microvolt.test(unit ?? '')));
}

/** The channels over the visual cortex, where alpha is; else the last two. */
function occipitalChannels({ channels }: FeedInfo): number[] {
  const places = channels.map((_, channel) => channel);
  const occipital = places.filter((channel) => /^O[12]$/i.test(channels[channel].label));
  return occipital.length > 0 ? occipital : places.slice(-2);
}

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
