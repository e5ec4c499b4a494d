import { detectorInput } from '../core/alarms/stream-detector.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';

/** Channels that a detector keeps of one stream; and all detectors together, at about 50 kB and 5 µs a sample each. */
const mostOfOne = 64;
const mostChannels = 4096;
const mostSamples = 20_000;
/** Hz that an irregular stream is taken to have. */
const irregular = 10;

/** How much of a stream is watched, and why no more. */
export interface Watched {
  channels: number;
  why?: string;
}

/** Says how many channels of each stream are watched, so that all detectors together cost no more than a bound. */
export class WatchBudget {
  readonly #taken = new Map<string, { channels: number; samples: number }>();

  take({ name, channels, rate, for: truthOf }: StreamInfo): Watched {
    this.#taken.delete(name);
    const all = channels.length;
    if (truthOf !== undefined) return { channels: 0, why: `not watched: it is the truth of ${truthOf}` };
    const each = detectorInput(rate, 1);
    const hertz = each.rate || irregular;
    const wanted = Math.min(all, Math.floor(mostOfOne / each.channels));
    const used = { channels: 0, samples: 0 };
    for (const one of this.#taken.values()) {
      used.channels += one.channels;
      used.samples += one.samples;
    }
    const room = Math.min(
      (mostChannels - used.channels) / each.channels,
      (mostSamples - used.samples) / hertz / each.channels,
    );
    const watched = Math.max(0, Math.min(wanted, Math.floor(room)));
    this.#taken.set(name, { channels: watched * each.channels, samples: watched * each.channels * hertz });
    if (watched === all) return { channels: all };
    const what = watched === 0 ? 'not watched' : `${watched} of ${all} channels are watched`;
    return {
      channels: watched,
      why: `${what}: ${watched < wanted ? 'the server watches as much as it can' : `no more than ${wanted} of one stream are`}`,
    };
  }

  leave(name: string): void {
    this.#taken.delete(name);
  }
}
