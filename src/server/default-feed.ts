import { bandPower } from '../core/designs/band-power.ts';
import { eegBands } from '../core/designs/eeg-bank.ts';
import { gaussian, gaussianDerivative } from '../core/designs/smoothing.ts';
import { Network } from '../core/network/network.ts';
import { LatestCache } from './latest-cache.ts';
import type { FeedChannel, FeedInfo, FeedSpec, LearnerSpec, MapSpec } from './feed-spec.ts';

/** Maximum number of channels that a default feed processes, from the first on. */
const maxChannels = 32;

/**
 * Highest sampling rate in Hz of a stream that is treated as EEG: the length of kernels for 2 Hz grows with the rate.
 */
const maxEegRate = 5000;

/**
 * Networks of feature maps by shape. They are not trained, so that all streams with the same shape share one network.
 */
const networks = new LatestCache<Network>(64);

const microvolt = /^[uµμ]V$/;
const guessedNote =
  'treated as EEG because all channels are in µV and the sampling rate is at least 100 Hz; to change this, set kind';

/**
 * Returns the feed spec of a stream without a spec of its own: band power of every channel for EEG, otherwise trend and
 * change; a learner that forecasts the next frame; and a learner for each target stream.
 */
export function defaultFeed(info: FeedInfo, targets: readonly FeedInfo[] = []): FeedSpec {
  const { rate } = info;
  const channels = info.channels.slice(0, maxChannels);
  const chosen = info.channels.length > maxChannels ? channels.map((_, channel) => channel) : undefined;
  const declared = isEegKind(info);
  const guessed = !declared && isLikeEeg(info);
  const map = declared || guessed ? bandPowerMap(channels, rate) : trendMap(channels, rate);
  return {
    ...(guessed && { notes: [guessedNote] }),
    gaps: 'hold',
    standardize: { frames: Math.max(rate, 100) },
    maps: [{ ...map, channels: chosen }],
    learners: [
      { name: 'forecast', task: 'forecast', taps: forecastTaps(channels.length), channels: chosen },
      ...targets.map((target): LearnerSpec => {
        return {
          name: target.name,
          task: 'target',
          target: target.name,
          taps: 64,
          channels: occipitalChannels(info),
          learningRate: 0.05,
        };
      }),
    ],
  };
}

/**
 * Number of taps of the forecast: from 4 to 16, about 64 weights per output. The cost of recursive least squares grows with the
 * square of the number of weights, and the forecasts of many channels hardly gain from more taps.
 */
function forecastTaps(channels: number): number {
  return Math.max(4, Math.min(16, Math.round(64 / channels)));
}

/** Whether a stream is EEG according to its kind. */
function isEegKind({ kind, rate }: FeedInfo): boolean {
  return hasEegRate(rate) && /\beeg$/i.test(kind ?? '');
}

/** Whether a stream without a kind is treated as EEG because of its unit and sampling rate. */
function isLikeEeg({ kind, rate, channels }: FeedInfo): boolean {
  return (
    kind === undefined && hasEegRate(rate) && rate >= 100 && channels.every(({ unit }) => microvolt.test(unit ?? ''))
  );
}

function hasEegRate(rate: number): boolean {
  return rate >= 30 && rate <= maxEegRate;
}

/** The indexes of the channels over the visual cortex, where alpha is strongest; otherwise of the last two. */
function occipitalChannels({ channels }: FeedInfo): number[] {
  const indexes = channels.map((_, channel) => channel);
  const occipital = indexes.filter((channel) => /^O[12]$/i.test(channels[channel].label));
  return occipital.length > 0 ? occipital : indexes.slice(-2);
}

/** Power of every channel in every EEG band below half the sampling rate, in dB, about ten times per second. */
function bandPowerMap(channels: readonly FeedChannel[], rate: number): MapSpec {
  const bands = Object.fromEntries(Object.entries(eegBands).filter(([, [, high]]) => high < rate / 2));
  return {
    name: 'band power',
    network: networks.get(`band power ${channels.length} ${rate}`, () =>
      bandPower({ channels: channels.length, rate, bands, outRate: 10, unit: 'dB' }),
    ),
    on: 'raw',
    labels: Object.keys(bands).flatMap((band) => channels.map(({ label }) => `${band} ${label}`)),
    unit: 'dB',
  };
}

/** A Gaussian and its derivative over every standardized channel: the trend and its slope. */
function trendMap(channels: readonly FeedChannel[], rate: number): MapSpec {
  const sigma = rate > 0 ? Math.min(25, Math.max(1, rate / 4)) : 2;
  return {
    name: 'trend and change',
    network: networks.get(`trend ${channels.length} ${sigma}`, () => trendNetwork(channels.length, sigma)),
    on: 'standardized',
    labels: channels.flatMap(({ label }) => [`${label} trend`, `${label} change`]),
  };
}

/** Two kernels per channel: a Gaussian with standard deviation `sigma` (frames) and its derivative. */
function trendNetwork(channels: number, sigma: number): Network {
  const gauss = gaussian(sigma);
  const slope = gaussianDerivative(sigma, 1, { taps: gauss.length }).map((tap) => tap * sigma);
  const taps = gauss.length;
  const data = new Float32Array(2 * channels * taps);
  for (let channel = 0; channel < channels; channel++) {
    data.set(gauss, 2 * channel * taps);
    data.set(slope, (2 * channel + 1) * taps);
  }
  const outChannels = 2 * channels;
  return Network.create(
    {
      inChannels: channels,
      layers: [{ type: 'conv1d', outChannels, kernelSize: taps, groups: channels, bias: false }],
    },
    { weights: { 'layers.0.weight': { shape: [outChannels, taps, 1], data } } },
  );
}
