import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { cpuProbe, levelProbe, rateProbe, type CoreTimes } from '../../../src/sources/node/probes.ts';
import { hostSource } from '../../../src/sources/node/host.ts';
import { ManualClock } from '../manual-clock.ts';

describe('this computer', () => {
  test('provides finite samples on the same channels at 10 Hz; a missed frame is a gap', async () => {
    const clock = new ManualClock();
    const begin = clock.now();
    const host = hostSource({ clock });
    const seen: Block[] = [];
    const subscription = host.blocks.subscribe((block) => seen.push(block));
    await clock.turn(500);
    await clock.jump(270);
    await clock.turn(130);
    expect(host.rate).toBe(10);
    expect(seen.map(({ start }) => start)).toEqual([0, 1, 2, 3, 4, 6, 7, 8]);
    for (const { data, channels, rate, start, time } of seen) {
      expect([channels, data.length, rate]).toEqual([host.channels.length, host.channels.length, 10]);
      expect([...data].every((sample) => Number.isFinite(sample) && sample >= 0)).toBe(true);
      expect(time).toBe(begin + (start + 1) * 100);
    }
    const labels = host.channels.map(({ label }) => label);
    expect(labels).toEqual([...new Set(labels)]);
    expect(labels).toContain('memory used');
    expect(labels).toContain('event loop delay');
    expect(host.channels.find(({ label }) => label === 'cpu 0')?.unit ?? '%').toBe('%');
    expect(hostSource().channels).toEqual(host.channels);
    subscription.unsubscribe();
    expect(clock.waiting).toBe(0);
  });

  test('rejects a rate that is not > 0', () => {
    expect(() => hostSource({ rate: 0 })).toThrow('rate must be a number > 0 in Hz, got 0');
  });
});

describe('a probe', () => {
  test('of cores returns the busy share of the elapsed time, and repeats it while no counter changes', () => {
    const times: CoreTimes[][] = [
      [
        { busy: 100, all: 1000 },
        { busy: 0, all: 1000 },
      ],
      [
        { busy: 125, all: 1100 },
        { busy: 100, all: 1100 },
      ],
    ];
    let at = 0;
    const probe = cpuProbe(() => times[Math.min(at++, 1)])!;
    expect(probe.channels).toEqual([
      { label: 'cpu 0', unit: '%' },
      { label: 'cpu 1', unit: '%' },
    ]);
    expect(probe.read(0.1)).toEqual([25, 100]);
    expect(probe.read(0.1)).toEqual([25, 100]);
  });

  test('of more than 16 cores groups adjacent cores', () => {
    let busy = 0;
    const probe = cpuProbe(() => {
      const times = Array.from({ length: 50 }, (_, core) => ({ busy: core < 4 ? busy : 0, all: 2 * busy }));
      busy += 10;
      return times;
    })!;
    expect(probe.channels.map(({ label }) => label)).toEqual([
      ...Array.from({ length: 12 }, (_, group) => `cpu ${4 * group}-${4 * group + 3}`),
      'cpu 48-49',
    ]);
    expect(probe.read(1)).toEqual([50, ...Array<number>(12).fill(0)]);
  });

  test('of counters returns rates; a counter that decreased or cannot be read is a missing sample', () => {
    const counters = [[0], [500], [600], [50], undefined, [150], [250]];
    const probe = rateProbe([{ label: 'x' }], () => counters.shift())!;
    expect([0.5, 0.1, 1, 1, 1, 1].map((seconds) => probe.read(seconds)[0])).toEqual([1000, 1000, NaN, NaN, NaN, 100]);
  });

  test('is undefined if the platform does not provide its values', () => {
    expect(cpuProbe(() => [])).toBeUndefined();
    expect(rateProbe([{ label: 'x' }], () => undefined)).toBeUndefined();
    expect(levelProbe({ label: 'x' }, () => undefined)).toBeUndefined();
  });
});
