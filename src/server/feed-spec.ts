import type { GapPolicy } from '../core/gap-filler.ts';
import type { Network } from '../core/network.ts';
import type { NetworkSpec } from '../core/network-spec.ts';
import type { Optimizer } from '../core/descent.ts';
import type { StandardizeOptions } from '../operators/standardize.ts';
import { bandPowerMap, trendMap } from './feature-maps.ts';

/** A channel of a feed. */
export interface FeedChannel {
  readonly label: string;
  readonly unit?: string;
}

/** What is known of a stream when its feed is made. */
export interface FeedInfo {
  readonly name: string;
  readonly channels: readonly FeedChannel[];
  /** Hz; 0 = irregular. */
  readonly rate: number;
  readonly kind?: string;
}

/** A network whose outputs are shown. */
export interface MapSpec {
  name: string;
  network: Network | NetworkSpec;
  /** What it reads: the filled signal, or that standardised. */
  on: 'raw' | 'standardized';
  /** Labels or places of the channels it reads. Default: all. */
  channels?: readonly (string | number)[];
  /** One a row. */
  labels: string[];
  unit?: string;
}

/** One convolution that learns from the standardised signal while it runs. */
export interface LearnerSpec {
  name: string;
  task: 'forecast' | 'target';
  taps: number;
  /** Labels or places of the channels it reads. Default: all. */
  channels?: readonly (string | number)[];
  /** Of a 'target' learner: the stream that is its truth. */
  target?: string;
  /** mu, the step size of NLMS. Default: a step that finds its own length. */
  step?: number;
  /** Instead of either. */
  optimizer?: Optimizer;
  /** Scale of its start weights. Default 0.1. */
  gain?: number;
}

/** What a stream passes on its way. */
export interface FeedSpec {
  gaps: GapPolicy;
  /** null: learners and maps read the signal as it is. */
  standardize: StandardizeOptions | null;
  maps: MapSpec[];
  learners: LearnerSpec[];
}

/** Makes a feed's spec; `truths` are the streams that say they are the truth of this one, at its rate. */
export type FeedDesigner = (info: FeedInfo, truths: readonly FeedInfo[]) => FeedSpec;

/** Channels that a default feed works on; of a wider stream the first. */
const most = 32;
/** Hz beyond which a stream is not taken for EEG: kernels of 2 Hz grow with the rate. */
const fastest = 5000;
const microvolt = /^[uµμ]V$/;

/**
 * The feed of a stream that nobody wrote a spec for: of EEG the band power of every channel, of anything else its trend
 * and change; a learner that forecasts the next frame; and one for each stream that is the truth of this one.
 */
export function defaultFeed(info: FeedInfo, truths: readonly FeedInfo[] = []): FeedSpec {
  const { rate } = info;
  const channels = info.channels.slice(0, most);
  const chosen = info.channels.length > most ? channels.map((_, channel) => channel) : undefined;
  const map = isEeg(info) ? bandPowerMap(channels, rate) : trendMap(channels, rate);
  return {
    gaps: 'hold',
    standardize: { frames: Math.max(rate, 100) },
    maps: [{ ...map, channels: chosen }],
    learners: [
      { name: 'forecast', task: 'forecast', taps: 16, channels: chosen },
      ...truths.map((truth): LearnerSpec => {
        return { name: truth.name, task: 'target', target: truth.name, taps: 64, channels: back(info), step: 0.05 };
      }),
    ],
  };
}

function isEeg({ kind, rate, channels }: FeedInfo): boolean {
  if (rate < 30 || rate > fastest) return false;
  return /\beeg$/i.test(kind ?? '') || (rate >= 100 && channels.every(({ unit }) => microvolt.test(unit ?? '')));
}

/** The channels over the visual cortex, where alpha is; else the last two. */
function back({ channels }: FeedInfo): number[] {
  const places = channels.map((_, channel) => channel);
  const occipital = places.filter((channel) => /^O[12]$/i.test(channels[channel].label));
  return occipital.length > 0 ? occipital : places.slice(-2);
}
