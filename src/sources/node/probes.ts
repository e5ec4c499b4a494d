import type { Channel } from '../../formats/recording.ts';
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Channels of this computer that are read together. */
export interface Probe {
  readonly channels: readonly Channel[];
  /** Returns one sample per channel, NaN if unavailable; `seconds` is the time since the last reading. */
  read(seconds: number): number[];
  close?(): void;
}

/**
 * Returns a probe that reads increasing counters as rates per second; undefined if the platform does not provide them.
 */
export function rateProbe(channels: readonly Channel[], counters: () => number[] | undefined): Probe | undefined {
  let before = counters();
  if (!before) return undefined;
  return {
    channels,
    read(seconds) {
      const now = counters();
      const last = before;
      before = now;
      // A counter that decreased was reset, such as by a removed interface: the rate is unknown.
      return channels.map((_, i) => (now && last && now[i] >= last[i] ? (now[i] - last[i]) / seconds : NaN));
    },
  };
}

/** Returns a probe of one current value; undefined if the platform does not provide it. */
export function levelProbe(channel: Channel, level: () => number | undefined): Probe | undefined {
  if (level() === undefined) return undefined;
  return { channels: [channel], read: () => [level() ?? NaN] };
}

/** CPU times of one core since boot in ms. */
export interface CoreTimes {
  readonly busy: number;
  readonly all: number;
}

const maxChannels = 16;

/**
 * Returns a probe of the CPU usage in %: one channel per core, or, with more than 16 cores, one per group of adjacent cores,
 * at most 16. Undefined if the platform reports no cores.
 */
export function cpuProbe(times: () => CoreTimes[] = coreTimes): Probe | undefined {
  let before = times();
  if (before.length === 0) return undefined;
  const cores = before.length;
  const size = Math.ceil(cores / maxChannels);
  const firsts = Array.from({ length: Math.ceil(cores / size) }, (_, group) => group * size);
  let shares = firsts.map(() => 0);
  return {
    channels: firsts.map((first) => {
      const last = Math.min(first + size, cores) - 1;
      return { label: last > first ? `cpu ${first}-${last}` : `cpu ${first}`, unit: '%' };
    }),
    read() {
      const now = times();
      const past = (first: number, part: keyof CoreTimes) =>
        sum(now.slice(first, first + size), part) - sum(before.slice(first, first + size), part);
      // Counters advance in steps of 10 ms: without a change, the last share is repeated.
      shares = firsts.map((first, group) => {
        const all = past(first, 'all');
        return all > 0 ? Math.min(100, Math.max(0, (100 * past(first, 'busy')) / all)) : shares[group];
      });
      before = now;
      return shares;
    },
  };
}

function coreTimes(): CoreTimes[] {
  return cpus().map(({ times: { user, nice, sys, idle, irq } }) => {
    const busy = user + nice + sys + irq;
    return { busy, all: busy + idle };
  });
}

const sum = (cores: CoreTimes[], part: keyof CoreTimes) => cores.reduce((total, core) => total + core[part], 0);

const resolution = 10;

/** Returns a probe of the longest event-loop delay since the last reading in ms. */
export function loopDelayProbe(): Probe {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let delay = 0;
  return {
    channels: [{ label: 'event loop delay', unit: 'ms' }],
    read() {
      // The histogram contains the full time between its timers. Without a sample, the last delay is repeated.
      if (histogram.count > 0) delay = Math.max(0, histogram.max / 1e6 - resolution);
      histogram.reset();
      return [delay];
    },
    close: () => {
      histogram.disable();
    },
  };
}
