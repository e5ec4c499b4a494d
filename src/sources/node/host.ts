import { readFileSync } from 'node:fs';
import { freemem, loadavg, platform, totalmem } from 'node:os';
import { Observable } from 'rxjs';
import type { Block } from '../../core/blocks/block.ts';
import { positive } from '../../core/check.ts';
import type { Channel } from '../../formats/recording.ts';
import { systemClock, ticks, type Clock } from '../clock.ts';
import { cpuProbe, loopDelayProbe, levelProbe, rateProbe, type Probe } from './probes.ts';
import { contextSwitches, diskBytes, memoryUsed, networkBytes, type Traffic } from './proc.ts';

/** Options of `hostSource`. */
export interface HostOptions {
  /** Sampling rate in Hz. Default: 10. */
  readonly rate?: number;
  /** Clock that determines when blocks are emitted. Default: the system clock. */
  readonly clock?: Clock;
}

/** Live metrics of this computer. */
export interface HostSource {
  /** Channels, in the order of the samples of a frame. */
  readonly channels: readonly Channel[];
  /** Sampling rate in Hz. */
  readonly rate: number;
  /** Blocks of one frame each. */
  readonly blocks: Observable<Block>;
}

/**
 * This computer as a sensor: CPU in % per core, load, memory used in %, disk and network bytes per second, context switches
 * per second, and event-loop delay in ms. Channels that the platform does not provide are omitted (disk, network, and
 * context switches require /proc; Windows has no load). The set of channels does not change.
 *
 *     clock    0    100   200   420 (late)   500 ms
 *     blocks   ---- 0 --- 1 --- 3 -------- 4             frame 2 is missing: a gap
 *
 * Rates are computed over the actual elapsed time. Every subscriber has its own probes.
 */
export function hostSource(options: HostOptions = {}): HostSource {
  const rate = positive('rate', options.rate ?? 10, 'Hz');
  const clock = options.clock ?? systemClock;
  const probes = openProbes();
  const channels = probes.flatMap((probe) => probe.channels);
  closeProbes(probes);
  return { channels, rate, blocks: hostBlocks(channels, rate, clock) };
}

function hostBlocks(channels: readonly Channel[], rate: number, clock: Clock): Observable<Block> {
  return new Observable((subscriber) => {
    const probes = openProbes();
    const begin = clock.now();
    let before = 0;
    let next = 0;
    subscriber.add(() => closeProbes(probes));
    subscriber.add(
      ticks(1000 / rate, clock).subscribe((elapsed) => {
        const start = Math.max(next, Math.floor((elapsed * rate) / 1000 + 0.1) - 1);
        const samples = new Map<string, number>();
        for (const probe of probes) {
          const read = probe.read((elapsed - before) / 1000);
          probe.channels.forEach(({ label }, i) => samples.set(label, read[i]));
        }
        before = elapsed;
        next = start + 1;
        const data = Float32Array.from(channels, ({ label }) => samples.get(label) ?? NaN);
        const time = begin + (next * 1000) / rate;
        subscriber.next({ data, channels: channels.length, start, rate, time });
      }),
    );
  });
}

function openProbes(): Probe[] {
  const traffic = (what: readonly [string, string], bytes: () => Traffic | undefined) =>
    rateProbe(
      what.map((label) => ({ label, unit: 'B/s' })),
      () => {
        const now = bytes();
        return now && [now.read, now.written];
      },
    );
  const probes = [
    cpuProbe(),
    levelProbe({ label: 'load 1 min' }, () => (platform() === 'win32' ? undefined : loadavg()[0])),
    levelProbe(
      { label: 'memory used', unit: '%' },
      () => memoryUsed(proc('meminfo')) ?? 100 * (1 - freemem() / totalmem()),
    ),
    traffic(['disk read', 'disk write'], () => diskBytes(proc('diskstats'))),
    traffic(['network in', 'network out'], () => networkBytes(proc('net/dev'))),
    rateProbe([{ label: 'context switches', unit: '1/s' }], () => {
      const count = contextSwitches(proc('stat'));
      return count === undefined ? undefined : [count];
    }),
    loopDelayProbe(),
  ];
  return probes.filter((probe) => probe !== undefined);
}

function closeProbes(probes: readonly Probe[]): void {
  for (const probe of probes) probe.close?.();
}

/** Returns the content of a file in /proc; '' if it does not exist. */
function proc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return '';
  }
}
