import { detectorInput } from '../core/detector/digest.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';

/** Maximum number of detector channels per stream. */
const maxStreamChannels = 64;
/** Maximum number of detector channels of all streams together. Each needs about 50 kB of memory. */
const maxChannels = 4096;
/** Maximum number of samples per second that all detectors process. Each sample takes about 5 µs. */
const maxSampleRate = 20_000;
/** Sampling rate in Hz that is assumed for irregular streams. */
const assumedRate = 10;

/** Properties of a stream that determine how many of its channels are monitored. */
export type MonitoredStream = Pick<StreamInfo, 'name' | 'channels' | 'rate' | 'for'>;

/** Part of a stream that is monitored. */
export interface Allocation {
  /** Number of channels, from the first on. */
  channels: number;
  /** Which part is not monitored, and why. */
  unwatched?: string;
}

/** Divides a bounded number of detector channels and samples per second among the streams. */
export class DetectorBudget {
  readonly #allocated = new Map<string, { channels: number; samples: number }>();

  allocate({ name, channels, rate, for: targetOf }: MonitoredStream): Allocation {
    this.#allocated.delete(name);
    const all = channels.length;
    if (targetOf !== undefined) return { channels: 0, unwatched: `not monitored (target of ${targetOf})` };
    const each = detectorInput(rate, 1);
    const hertz = each.rate || assumedRate;
    const wanted = Math.min(all, Math.floor(maxStreamChannels / each.channels));
    const used = { channels: 0, samples: 0 };
    for (const allocation of this.#allocated.values()) {
      used.channels += allocation.channels;
      used.samples += allocation.samples;
    }
    const free = Math.min(
      (maxChannels - used.channels) / each.channels,
      (maxSampleRate - used.samples) / hertz / each.channels,
    );
    const count = Math.max(0, Math.min(wanted, Math.floor(free)));
    this.#allocated.set(name, { channels: count * each.channels, samples: count * each.channels * hertz });
    if (count === all) return { channels: all };
    const part = count === 0 ? 'not monitored' : `${count} of ${all} channels monitored`;
    const reason = count < wanted ? 'server limit reached' : `at most ${wanted} per stream`;
    return { channels: count, unwatched: `${part} (${reason})` };
  }

  release(name: string): void {
    this.#allocated.delete(name);
  }
}
