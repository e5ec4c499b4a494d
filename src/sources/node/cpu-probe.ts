import { cpus } from 'node:os';
import type { Probe } from './probe.ts';

/** Time of one core since boot, in ms. */
export interface CoreTimes {
  readonly busy: number;
  readonly all: number;
}

const mostChannels = 16;

/**
 * How busy the cores are, in %: a channel a core; with more than 16 cores a channel for each of at most 16 groups of
 * neighbours. Undefined where the platform tells no cores.
 */
export function cpuProbe(times: () => CoreTimes[] = coreTimes): Probe | undefined {
  let before = times();
  if (before.length === 0) return undefined;
  const cores = before.length;
  const size = Math.ceil(cores / mostChannels);
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
