import type { FeedInfo, FeedSpec, LearnerSpec } from './feed-spec.ts';
import { bandPowerMap, trendMap } from './feature-maps.ts';

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
        return {
          name: truth.name,
          task: 'target',
          target: truth.name,
          taps: 64,
          channels: back(info),
          learningRate: 0.05,
        };
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
