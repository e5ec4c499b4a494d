import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmManager, type AlarmEvent } from '../../../src/core/alarms/alarm-manager.ts';
import { StreamDetector } from '../../../src/core/alarms/stream-detector.ts';
import type { Block } from '../../../src/core/blocks/block.ts';
import { random } from '../../../src/core/random.ts';
import { inBlocks, noise } from './quiet-stream.ts';

const labels = ['left', 'right'];
const told = ({ step, alarm: { kind, members } }: AlarmEvent) =>
  `${step} ${kind} ${members[0].channels[0].label} ${members[0].cause}`;

function watchOf(rate: number, falseAlarms = 1e5): StreamDetector {
  return new StreamDetector(new AlarmManager(), { name: 's', labels, rate, run: 7 }, { falseAlarms });
}

const hear = (watch: StreamDetector, blocks: readonly Block[]) => blocks.flatMap((block) => watch.push(block));
/** A spike of 200 on the right channel at frame `at`. */
const spike = (at: number) => (t: number, c: number, x: number) => (t === at && c === 1 ? x + 200 : x);

describe('the watch on a stream', () => {
  test('names the channel, the cause, the frames and the time, and clears when ten calm seconds have passed', () => {
    const events = hear(watchOf(10), inBlocks(noise(1000, 2, spike(700)), 2, 10, 50));
    expect(events.map(told)).toEqual(['raised unusual right range', 'cleared unusual right range']);
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

  test('hears a spike of one frame in a stream of 250 Hz', () => {
    const events = hear(watchOf(250), inBlocks(noise(20_000, 2, spike(15_003)), 2, 250, 25));
    const raised = events.filter(({ step }) => step === 'raised').map(({ alarm }) => alarm.members[0]);
    expect(raised.filter(({ window }) => window.from <= 15_003 && window.to >= 15_003)).toMatchObject([
      { cause: 'range', rate: 10, channels: [{ label: 'right' }, { label: 'left' }] },
    ]);
  });

  test('tells the same, however the stream was cut', () => {
    const data = noise(1200, 2, spike(800));
    const whole = hear(watchOf(10), inBlocks(data, 2, 10, 1));
    expect(whole.map(told)).toContain('raised unusual right range');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (length) => {
        expect(hear(watchOf(10), inBlocks(data, 2, 10, length)).map(({ step, time }) => [step, time])).toEqual(
          whole.map(({ step, time }) => [step, time]),
        );
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  test('goes on after a restart with what it had learned, wherever the numbering begins then', () => {
    const before = watchOf(10);
    hear(before, inBlocks(noise(700, 2), 2, 10, 50));
    const after = watchOf(10);
    after.restore(before.save());
    const events = hear(after, inBlocks(noise(20, 2, spike(10)), 2, 10, 5));
    expect(events.map(told)).toEqual(['raised unusual right range']);
    expect(hear(watchOf(10), inBlocks(noise(20, 2, spike(10)), 2, 10, 5))).toEqual([]);
  });
});

describe('alarms of the watch', () => {
  test('are the same however the stream was cut, though the threshold moves and one ends within reach of another', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const chance = random(seed);
      const data = Float32Array.from({ length: 4000 }, () => {
        const x = chance.normal();
        return Math.abs(chance.normal()) > 2.2 ? 5 * x : x;
      });
      const heard = (length: number) => {
        const watch = new StreamDetector(
          new AlarmManager({ calm: 1, cooldown: 0 }),
          { name: 's', labels: ['a'], rate: 1 },
          { falseAlarms: 300 },
        );
        return hear(watch, inBlocks(data, 1, 1, length)).map(({ step, time }) => `${step} ${time}`);
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
    'of one spike in a stream of a frame in %s are over soon, however few frames lie between alarms',
    (_, rate, falseAlarms) => {
      const book = new AlarmManager({ calm: 1, cooldown: 0 });
      const watch = new StreamDetector(book, { name: 's', labels: ['a'], rate }, { falseAlarms });
      hear(
        watch,
        inBlocks(
          noise(3000, 1, (t, _, x) => (t === 2000 ? x + 200 : x)),
          1,
          rate,
          100,
        ),
      );
      const frames = book.alarms
        .filter(({ state }) => state === 'cleared')
        .map(({ raised, entered }) => ((entered - raised) * rate) / 1000);
      expect(book.alarms.length - frames.length).toBeLessThanOrEqual(1);
      expect(frames.length).toBeGreaterThan(0);
      for (const lasted of frames) expect(lasted).toBeLessThan(150);
    },
  );

  test('of a level that stays shifted last until it is taken for the new one, in a slow stream too', () => {
    const book = new AlarmManager();
    const watch = new StreamDetector(book, { name: 's', labels: ['a'], rate: 1 / 60 }, { falseAlarms: 1e4 });
    hear(
      watch,
      inBlocks(
        noise(3000, 1, (t, _, x) => (t >= 2000 ? x + 30 : x)),
        1,
        1 / 60,
        100,
      ),
    );
    expect(book.alarms).toMatchObject([{ raised: 2000 * 60_000, returns: 0 }]);
    expect(book.alarms[0].state).not.toBe('cleared');
  });

  test('of channels that died are one, of all that are dead now', () => {
    const book = new AlarmManager({ escalateAfter: 1e9 });
    const watch = new StreamDetector(book, { name: 's', labels, rate: 10 }, { falseAlarms: 1e5 });
    const dying = noise(1200, 2, (t, c, x) => (t >= (c === 0 ? 700 : 900) && t < 1100 ? 20 : x));
    expect(
      hear(watch, inBlocks(dying, 2, 10, 50))
        .filter(({ alarm }) => alarm.kind === 'dead')
        .map(told),
    ).toEqual(['raised dead left dead', 'worsened dead right dead', 'cleared dead right dead']);
    expect(book.alarms.find(({ kind }) => kind === 'dead')?.members[0].channels).toEqual([
      { label: 'right', share: 0.5 },
      { label: 'left', share: 0.5 },
    ]);
  });

  test('of a channel that died are over in a run after a restart in which it lives, and told anew when it dies', () => {
    const book = new AlarmManager();
    const before = new StreamDetector(book, { name: 's', labels, rate: 10, run: 1 }, { falseAlarms: 1e5 });
    hear(
      before,
      inBlocks(
        noise(1000, 2, (t, c, x) => (c === 0 && t >= 700 ? 20 : x)),
        2,
        10,
        50,
      ),
    );
    expect(book.alarms).toMatchObject([{ kind: 'dead', state: 'raised' }]);
    const restored = new AlarmManager({ cooldown: 0 });
    restored.restore(JSON.parse(JSON.stringify(book.save())));
    const after = new StreamDetector(restored, { name: 's', labels, rate: 10, run: 2 }, { falseAlarms: 1e5 });
    after.restore(before.save());
    const frames = inBlocks(
      noise(900, 2, (t, c, x) => (c === 1 && t >= 100 ? 20 : x)),
      2,
      10,
      50,
    );
    const steps = hear(
      after,
      frames.map((block) => ({ ...block, time: block.time + 200_000 })),
    );
    expect(steps.filter(({ alarm }) => alarm.kind === 'dead').map(told)).toEqual([
      'cleared dead left dead',
      'raised dead right dead',
    ]);
  });

  test('have begun in their own run, and not before it', () => {
    const before = watchOf(10);
    hear(before, inBlocks(noise(5000, 2), 2, 10, 50));
    const after = watchOf(10);
    after.restore(before.save());
    const flat = hear(
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

describe('wear', () => {
  test('is an alarm until the stream has been free of it for long', () => {
    const watch = new StreamDetector(
      new AlarmManager({ escalateAfter: 1e12 }),
      { name: 's', labels, rate: 1 },
      { falseAlarms: 1e9, reference: 2000 },
    );
    const shift = (t: number, c: number, x: number) => (c === 1 && t >= 4000 && t < 8000 ? x + 1.5 : x);
    const wear = hear(watch, inBlocks(noise(14_000, 2, shift), 2, 1, 500)).filter(({ alarm }) => alarm.kind === 'wear');
    expect(wear.map(told)).toEqual(['raised wear right wear', 'cleared wear right wear']);
    expect(wear[0].time).toBeLessThan(6e6);
    expect(wear[1].time).toBeGreaterThan(9.9e6);
  });
});

describe('gaps and samples that are missing', () => {
  test('raise nothing and clear nothing: an alarm waits for real frames', () => {
    const watch = watchOf(10);
    const up = hear(watch, inBlocks(noise(701, 2, spike(700)), 2, 10, 50));
    expect(up.map(told)).toEqual(['raised unusual right range']);
    const nan = noise(300, 2, () => NaN);
    expect(hear(watch, inBlocks(nan, 2, 10, 50, 701)).filter(({ alarm }) => alarm.kind === 'unusual')).toEqual([]);
    const late = hear(watch, inBlocks(noise(300, 2), 2, 10, 1, 90_000)).filter(({ alarm }) => alarm.kind === 'unusual');
    expect(late.map(told)[0]).toBe('cleared unusual right range');
    expect(late[0].time).toBeGreaterThanOrEqual(9_000_000);
  });

  test('on one channel tell that it died, and that it lives again, while the other is watched', () => {
    const dead = (t: number, c: number, x: number) => (c === 0 && t >= 700 && t < 1500 ? NaN : spike(1000)(t, c, x));
    const events = hear(watchOf(10), inBlocks(noise(1600, 2, dead), 2, 10, 50));
    const steps = events.map(told);
    expect(steps).toContain('raised dead left dead');
    expect(steps).toContain('raised unusual right range');
    const over = events.find(({ step, alarm }) => step === 'cleared' && alarm.kind === 'dead');
    expect(over?.time).toBe(150_000);
  });

  test('of a flat line in a fast stream tell that the channel died', () => {
    const flat = (t: number, c: number, x: number) => (c === 1 && t >= 20_000 ? 3 : x);
    const events = hear(watchOf(250, 1e6), inBlocks(noise(50_000, 2, flat), 2, 250, 125));
    expect(events.map(told)).toContain('raised dead right dead');
  });
});

describe('a computer as a sensor, at 10 Hz and six false alarms an hour', () => {
  /** Two processors, load, memory, two disks, context switches: quiet, and from frame `at` on busy. */
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

  test.each([1, 2, 3, 4, 5])(
    'tells within five seconds that it is loaded, half a minute after it began (seed %i)',
    (seed) => {
      const labels = ['cpu 0', 'cpu 1', 'load', 'memory', 'disk read', 'disk write', 'context switches'];
      const watch = new StreamDetector(
        new AlarmManager(),
        { name: 'host', labels, rate: 10 },
        { falseAlarms: '6/hour' },
      );
      const events = hear(watch, inBlocks(computer(400, 300, seed), 7, 10, 1));
      const [first] = events;
      expect(first.step).toBe('raised');
      expect(first.alarm.members[0].window.from).toBeGreaterThanOrEqual(300);
      expect(first.alarm.members[0].window.to).toBeLessThan(350);
      expect(['cpu 0', 'cpu 1', 'load', 'context switches']).toContain(first.alarm.members[0].channels[0].label);
    },
  );
});
