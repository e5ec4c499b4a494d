import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmManager, type AlarmEvent } from '../../../src/core/alarms/alarm-manager.ts';

import type { Block } from '../../../src/core/blocks/block.ts';
import { random } from '../../../src/core/random.ts';
import { StreamMonitor } from './stream-monitor.ts';
import { FaultyStream } from './faulty-stream.ts';
import { inBlocks, noise } from './quiet-stream.ts';

const labels = ['left', 'right'];
const summary = ({ step, alarm: { kind, members } }: AlarmEvent) =>
  `${step} ${kind} ${members[0].channels[0].label} ${members[0].cause}`;

function monitorOf(rate: number, falseAlarms = 1e5): StreamMonitor {
  return new StreamMonitor(new AlarmManager(), { name: 's', labels, rate, run: 7 }, { falseAlarms });
}

const push = (watch: StreamMonitor, blocks: readonly Block[]) => blocks.flatMap((block) => watch.push(block));
/** A spike of 200 on the right channel at frame `at`. */
const spike = (at: number) => (t: number, c: number, x: number) => (t === at && c === 1 ? x + 200 : x);

describe('AlarmReporter', () => {
  test('reports the same events for any block sizes, with faults of all kinds', () => {
    for (const [rate, frames, options] of [
      [10, 8000, { falseAlarms: '6/hour' }],
      [1, 10_000, { falseAlarms: 3000, reference: 2000 }],
      [50, 40_000, { falseAlarms: 3000 }],
    ] as const) {
      const stream = new FaultyStream(frames, 2, rate, 3);
      const eventsOf = (lengths: readonly number[]) => {
        const manager = new AlarmManager({ offDelay: 1000, cooldown: 0 });
        const monitor = new StreamMonitor(manager, { name: 's', labels, rate }, options);
        return { events: push(monitor, stream.inBlocks(lengths)), state: manager.save() };
      };
      const frameByFrame = eventsOf([1]);
      expect(new Set(frameByFrame.events.map(({ alarm }) => alarm.kind)).size).toBeGreaterThan(1);
      expect(eventsOf([frames])).toEqual(frameByFrame);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }), (lengths) => {
          expect(eventsOf(lengths)).toEqual(frameByFrame);
        }),
        { seed: 2, numRuns: 4 },
      );
    }
  });

  test('reports the channel, the cause, the frames, and the time, and clears after ten normal seconds', () => {
    const events = push(monitorOf(10), inBlocks(noise(1000, 2, spike(700)), 2, 10, 50));
    expect(events.map(summary)).toEqual(['raised unusual right range', 'cleared unusual right range']);
    const [{ time, alarm }, cleared] = events;
    expect(alarm.members[0]).toMatchObject({
      stream: 's',
      since: 70_000,
      window: { run: 7, from: 700, to: 700 },
      rate: 10,
    });
    expect(alarm.members[0].channels[0].share).toBeGreaterThan(0.9);
    expect(time).toBe(70_000);
    expect(cleared.time - cleared.alarm.members[0].last).toBe(10_000);
  });

  test('detects a spike of one frame in a stream of 250 Hz', () => {
    const events = push(monitorOf(250), inBlocks(noise(20_000, 2, spike(15_003)), 2, 250, 25));
    const raised = events.filter(({ step }) => step === 'raised').map(({ alarm }) => alarm.members[0]);
    expect(raised.filter(({ window }) => window.from <= 15_003 && window.to >= 15_003)).toMatchObject([
      { cause: 'range', rate: 10, channels: [{ label: 'right' }, { label: 'left' }] },
    ]);
  });

  test('reports the same for any block sizes', () => {
    const data = noise(1200, 2, spike(800));
    const whole = push(monitorOf(10), inBlocks(data, 2, 10, 1));
    expect(whole.map(summary)).toContain('raised unusual right range');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (length) => {
        expect(push(monitorOf(10), inBlocks(data, 2, 10, length)).map(({ step, time }) => [step, time])).toEqual(
          whole.map(({ step, time }) => [step, time]),
        );
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  test('keeps what it learned across a restart, for any new numbering', () => {
    const before = monitorOf(10);
    push(before, inBlocks(noise(700, 2), 2, 10, 50));
    const after = monitorOf(10);
    after.restore(before.save());
    const events = push(after, inBlocks(noise(20, 2, spike(10)), 2, 10, 5));
    expect(events.map(summary)).toEqual(['raised unusual right range']);
    expect(push(monitorOf(10), inBlocks(noise(20, 2, spike(10)), 2, 10, 5))).toEqual([]);
  });
});

describe('its alarms', () => {
  test('are the same for any block sizes, although the threshold changes and one ends close to another', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const chance = random(seed);
      const data = Float32Array.from({ length: 4000 }, () => {
        const x = chance.normal();
        return Math.abs(chance.normal()) > 2.2 ? 5 * x : x;
      });
      const heard = (length: number) => {
        const watch = new StreamMonitor(
          new AlarmManager({ offDelay: 1, cooldown: 0 }),
          { name: 's', labels: ['a'], rate: 1 },
          { falseAlarms: 300 },
        );
        return push(watch, inBlocks(data, 1, 1, length)).map(({ step, time }) => `${step} ${time}`);
      };
      const whole = heard(4000);
      expect(whole.length).toBeGreaterThan(10);
      for (const length of [1, 7, 600]) expect(heard(length)).toEqual(whole);
    }
  });

  test.each([
    ['an hour', 1 / 3600, '1/month'],
    ['five minutes', 1 / 300, '1/day'],
    ['a minute', 1 / 60, '1/hour'],
    ['a tenth of a second', 10, 300],
  ])(
    'for one spike in a stream with one frame per %s are cleared soon, even if false alarms are frequent',
    (_, rate, falseAlarms) => {
      const manager = new AlarmManager({ offDelay: 1, cooldown: 0 });
      const watch = new StreamMonitor(manager, { name: 's', labels: ['a'], rate }, { falseAlarms });
      push(
        watch,
        inBlocks(
          noise(3000, 1, (t, _, x) => (t === 2000 ? x + 200 : x)),
          1,
          rate,
          100,
        ),
      );
      const frames = manager.alarms
        .filter(({ state }) => state === 'cleared')
        .map(({ raised, entered }) => ((entered - raised) * rate) / 1000);
      expect(manager.alarms.length - frames.length).toBeLessThanOrEqual(1);
      expect(frames.length).toBeGreaterThan(0);
      for (const lasted of frames) expect(lasted).toBeLessThan(150);
    },
  );

  test('for a permanent level shift last until the new level is accepted, also in a slow stream', () => {
    const manager = new AlarmManager();
    const watch = new StreamMonitor(manager, { name: 's', labels: ['a'], rate: 1 / 60 }, { falseAlarms: 1e4 });
    push(
      watch,
      inBlocks(
        noise(3000, 1, (t, _, x) => (t >= 2000 ? x + 30 : x)),
        1,
        1 / 60,
        100,
      ),
    );
    expect(manager.alarms).toMatchObject([{ raised: 2000 * 60_000, returns: 0 }]);
    expect(manager.alarms[0].state).not.toBe('cleared');
  });

  test('for flatlined channels are one, with all channels that are flatlined now', () => {
    const manager = new AlarmManager({ escalateAfter: 1e9 });
    const watch = new StreamMonitor(manager, { name: 's', labels, rate: 10 }, { falseAlarms: 1e5 });
    const dying = noise(1200, 2, (t, c, x) => (t >= (c === 0 ? 700 : 900) && t < 1100 ? 20 : x));
    expect(
      push(watch, inBlocks(dying, 2, 10, 50))
        .filter(({ alarm }) => alarm.kind === 'dead')
        .map(summary),
    ).toEqual(['raised dead left dead', 'worsened dead right dead', 'cleared dead right dead']);
    expect(manager.alarms.find(({ kind }) => kind === 'dead')?.members[0].channels).toEqual([
      { label: 'right', share: 0.5 },
      { label: 'left', share: 0.5 },
    ]);
  });

  test('for a flatlined channel end in a run in which it changes again, and are raised anew when it flatlines', () => {
    const manager = new AlarmManager();
    const before = new StreamMonitor(manager, { name: 's', labels, rate: 10, run: 1 }, { falseAlarms: 1e5 });
    push(
      before,
      inBlocks(
        noise(1000, 2, (t, c, x) => (c === 0 && t >= 700 ? 20 : x)),
        2,
        10,
        50,
      ),
    );
    expect(manager.alarms).toMatchObject([{ kind: 'dead', state: 'raised' }]);
    const restored = new AlarmManager({ cooldown: 0 });
    restored.restore(JSON.parse(JSON.stringify(manager.save())));
    const after = new StreamMonitor(restored, { name: 's', labels, rate: 10, run: 2 }, { falseAlarms: 1e5 });
    after.restore(before.save());
    const frames = inBlocks(
      noise(900, 2, (t, c, x) => (c === 1 && t >= 100 ? 20 : x)),
      2,
      10,
      50,
    );
    const steps = push(
      after,
      frames.map((block) => ({ ...block, time: block.time + 200_000 })),
    );
    expect(steps.filter(({ alarm }) => alarm.kind === 'dead').map(summary)).toEqual([
      'cleared dead left dead',
      'raised dead right dead',
    ]);
  });

  test('begin in their own run, not before it', () => {
    const before = monitorOf(10);
    push(before, inBlocks(noise(5000, 2), 2, 10, 50));
    const after = monitorOf(10);
    after.restore(before.save());
    const flat = push(
      after,
      inBlocks(
        noise(100, 2, () => 20),
        2,
        10,
        5,
      ),
    );
    const [{ time, alarm }] = flat.filter(({ alarm: { kind } }) => kind === 'dead');
    expect(alarm.members[0]).toMatchObject({ since: 0, window: { from: 0, to: time / 100 } });
  });
});

describe('drift', () => {
  test('is an alarm until the stream has been without drift for long', () => {
    const watch = new StreamMonitor(
      new AlarmManager({ escalateAfter: 1e12 }),
      { name: 's', labels, rate: 1 },
      { falseAlarms: 1e9, reference: 2000 },
    );
    const shift = (t: number, c: number, x: number) => (c === 1 && t >= 4000 && t < 8000 ? x + 1.5 : x);
    const wear = push(watch, inBlocks(noise(14_000, 2, shift), 2, 1, 500)).filter(({ alarm }) => alarm.kind === 'wear');
    expect(wear.map(summary)).toEqual(['raised wear right wear', 'cleared wear right wear']);
    expect(wear[0].time).toBeLessThan(6e6);
    expect(wear[1].time).toBeGreaterThan(9.9e6);
  });
});

describe('gaps and missing samples', () => {
  test('neither raise nor clear alarms', () => {
    const watch = monitorOf(10);
    const up = push(watch, inBlocks(noise(701, 2, spike(700)), 2, 10, 50));
    expect(up.map(summary)).toEqual(['raised unusual right range']);
    const nan = noise(300, 2, () => NaN);
    expect(push(watch, inBlocks(nan, 2, 10, 50, 701)).filter(({ alarm }) => alarm.kind === 'unusual')).toEqual([]);
    const late = push(watch, inBlocks(noise(300, 2), 2, 10, 1, 90_000)).filter(({ alarm }) => alarm.kind === 'unusual');
    expect(late.map(summary)[0]).toBe('cleared unusual right range');
    expect(late[0].time).toBeGreaterThanOrEqual(9_000_000);
  });

  test('on one channel raise and clear a flatline alarm, while the other channel is monitored', () => {
    const flatline = (t: number, c: number, x: number) =>
      c === 0 && t >= 700 && t < 1500 ? NaN : spike(1000)(t, c, x);
    const events = push(monitorOf(10), inBlocks(noise(1600, 2, flatline), 2, 10, 50));
    const steps = events.map(summary);
    expect(steps).toContain('raised dead left dead');
    expect(steps).toContain('raised unusual right range');
    const over = events.find(({ step, alarm }) => step === 'cleared' && alarm.kind === 'dead');
    expect(over?.time).toBe(150_000);
  });

  test('in a fast stream do not hide a flatline', () => {
    const flat = (t: number, c: number, x: number) => (c === 1 && t >= 20_000 ? 3 : x);
    const events = push(monitorOf(250, 1e6), inBlocks(noise(50_000, 2, flat), 2, 250, 125));
    expect(events.map(summary)).toContain('raised dead right dead');
  });
});

describe('a computer as a sensor, at 10 Hz and six false alarms per hour', () => {
  /** Two processors, load, memory, two disks, and context switches: idle, and busy from frame `at` on. */
  function computer(frames: number, at: number, seed: number): Float32Array {
    const chance = random(seed);
    const nowAndThen = (size: number) => (chance.uniform() < 0.1 ? size * chance.uniform() : 0);
    let load = 0.3;
    let memory = 40;
    return Float32Array.from(
      Array.from({ length: frames }, (_, t) => {
        const busy = t >= at;
        load += ((busy ? 2 : 0.3) - load) / 600;
        memory += 0.02 * chance.normal();
        const cpu = () => (busy ? 95 + 5 * chance.uniform() : Math.max(0, 6 + 5 * chance.normal() + nowAndThen(10)));
        const switches = busy ? 9000 + 500 * chance.normal() : 2000 + 300 * chance.normal();
        return [cpu(), cpu(), load, memory, nowAndThen(1e6), nowAndThen(1e6), switches];
      }).flat(),
    );
  }

  test.each([1, 2, 3, 4, 5])('detects load within five seconds, half a minute after the start (seed %i)', (seed) => {
    const labels = ['cpu 0', 'cpu 1', 'load', 'memory', 'disk read', 'disk write', 'context switches'];
    const watch = new StreamMonitor(new AlarmManager(), { name: 'host', labels, rate: 10 }, { falseAlarms: '6/hour' });
    const events = push(watch, inBlocks(computer(400, 300, seed), 7, 10, 1));
    const [first] = events;
    expect(first.step).toBe('raised');
    expect(first.alarm.members[0].window.from).toBeGreaterThanOrEqual(300);
    expect(first.alarm.members[0].window.to).toBeLessThan(350);
    expect(['cpu 0', 'cpu 1', 'load', 'context switches']).toContain(first.alarm.members[0].channels[0].label);
  });
});
