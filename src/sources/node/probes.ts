import type { Channel } from '../../formats/recording.ts';
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Some channels of the host, read together. `seconds` is the time since the last reading; the first is a baseline. */
export interface Probe {
  readonly channels: readonly Channel[];
  /** One sample a channel; NaN where it cannot be read now. */
  read(seconds: number): number[];
  close?(): void;
}

/** A probe of counters that only rise, as rates a second; undefined where the platform has none of them. */
export function rateProbe(channels: readonly Channel[], counters: () => number[] | undefined): Probe | undefined {
  let before = counters();
  if (!before) return undefined;
  return {
    channels,
    read(seconds) {
      const now = counters();
      const last = before;
      before = now;
      // A counter that fell was set back (an interface went): nothing is known of that time.
      return channels.map((_, i) => (now && last && now[i] >= last[i] ? (now[i] - last[i]) / seconds : NaN));
    },
  };
}

/** A probe of one number as it is now; undefined where the platform does not tell it. */
export function levelProbe(channel: Channel, level: () => number | undefined): Probe | undefined {
  if (level() === undefined) return undefined;
  return { channels: [channel], read: () => [level() ?? NaN] };
}

/** Time of one core since boot, in ms. */
export interface CoreTimes {
  readonly busy: number;
  readonly all: number;
}

const maxChannels = 16;

/**
 * How busy the cores are, in %: a channel a core; with more than 16 cores a channel for each of at most 16 groups of
 * neighbours. Undefined where the platform tells no cores.
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
      // The counters move in steps of 10 ms: where none has moved yet, the last share stands.
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

/** How late this program's event loop was at worst since the last reading, in ms. */
export function loopDelayProbe(): Probe {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let delay = 0;
  return {
    channels: [{ label: 'event loop delay', unit: 'ms' }],
    read() {
      // The histogram holds the whole time between its timers. Where none came yet, the last delay stands.
      if (histogram.count > 0) delay = Math.max(0, histogram.max / 1e6 - resolution);
      histogram.reset();
      return [delay];
    },
    close: () => {
      histogram.disable();
    },
  };
}
