import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NoSamplesMonitor } from '../../../src/core/alarms/no-samples-monitor.ts';
import { matchesStreams, withMaintenance } from '../../../src/core/alarms/suppression.ts';

const silent = (monitor: NoSamplesMonitor, time: number) => monitor.staleStreams(time).map(({ stream }) => stream);

describe('NoSamplesMonitor', () => {
  test('reports a stream after five seconds without samples, or three times its longest interval between blocks', () => {
    const monitor = new NoSamplesMonitor();
    for (let time = 0; time <= 60_000; time += 100) monitor.receive('quick', time);
    for (let time = 0; time <= 60_000; time += 20_000) monitor.receive('slow', time);
    expect(silent(monitor, 64_999)).toEqual([]);
    expect(silent(monitor, 65_000)).toEqual(['quick']);
    expect(silent(monitor, 119_999)).toEqual(['quick']);
    expect(silent(monitor, 120_000)).toEqual(['quick', 'slow']);
    monitor.receive('quick', 120_000);
    expect(silent(monitor, 124_000)).toEqual(['slow']);
  });

  test('waits three times as long after a pause, and decays back', () => {
    const monitor = new NoSamplesMonitor();
    for (let time = 0; time <= 10_000; time += 100) monitor.receive('s', time);
    monitor.receive('s', 100_000);
    expect(silent(monitor, 114_999)).toEqual([]);
    expect(silent(monitor, 115_000)).toEqual(['s']);
    for (let time = 100_000; time <= 200_000; time += 100) monitor.receive('s', time);
    expect(silent(monitor, 205_000)).toEqual(['s']);
  });

  test('learns the interval of bursts one minute apart from three of them', () => {
    const monitor = new NoSamplesMonitor();
    const stale: number[] = [];
    for (let minute = 0; minute < 20; minute++) {
      for (let n = 0; n < 100; n++) monitor.receive('bursts', minute * 60_000 + n * 10);
      if (silent(monitor, minute * 60_000 + 59_999).length > 0) stale.push(minute);
    }
    expect(stale).toEqual([0, 1, 2]);
  });

  test('does not monitor a stream that sent only two blocks', () => {
    const monitor = new NoSamplesMonitor();
    monitor.receive('s', 0);
    monitor.receive('s', 100);
    expect(silent(monitor, 1e6)).toEqual([]);
  });

  test('judges streams after a suspension as if it had not been, once they had time to reconnect', () => {
    const pauses = fc.array(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        pauses,
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 3000, max: 1e8 }),
        (streams, at, by) => {
          const awake = new NoSamplesMonitor();
          const slept = new NoSamplesMonitor();
          const samples = streams.flatMap((steps, n) => {
            let time = 0;
            return steps.map((step) => ({ stream: `${n}`, time: (time += step) }));
          });
          samples.sort((a, b) => a.time - b.time);
          let isAsleep = true;
          const check = (time: number) => {
            const [was, now] = [silent(awake, time), silent(slept, time + by)];
            for (const stream of now) expect(was).toContain(stream);
            if (time >= at + 60_000) expect(now).toEqual(was);
          };
          for (let time = 0; time <= at + 200_000; time += 500) {
            if (isAsleep && time >= at) {
              slept.sleep(by, time + by);
              isAsleep = false;
            }
            while (samples.length > 0 && samples[0].time <= time) {
              const { stream } = samples.shift()!;
              awake.receive(stream, time);
              slept.receive(stream, isAsleep ? time : time + by);
            }
            if (!isAsleep) check(time);
          }
        },
      ),
      { seed: 6, numRuns: 100 },
    );
  });

  test('reports a stream that stays silent after a suspension, twice as long after it as it lasted', () => {
    const monitor = new NoSamplesMonitor();
    for (let time = 0; time <= 10_000; time += 100) monitor.receive('s', time);
    monitor.sleep(8000, 18_000);
    expect(silent(monitor, 33_999)).toEqual([]);
    expect(silent(monitor, 34_000)).toEqual(['s']);
    monitor.sleep(-1e6, 34_000 - 1e6);
    expect(silent(monitor, 34_000 - 1e6)).toEqual(['s']);
  });

  test('does not report a stream that ended normally', () => {
    const monitor = new NoSamplesMonitor();
    for (const time of [0, 1, 2]) monitor.receive('s', time);
    monitor.remove('s');
    expect(silent(monitor, 1e9)).toEqual([]);
  });

  test('gives sensors forty seconds to reconnect after a restart', () => {
    const before = new NoSamplesMonitor();
    for (const time of [0, 1, 2]) for (const stream of ['there', 'gone']) before.receive(stream, time);
    const monitor = new NoSamplesMonitor();
    monitor.restore(JSON.parse(JSON.stringify(before.save())), 1e6);
    monitor.receive('there', 1_039_000);
    expect(silent(monitor, 1_039_999)).toEqual([]);
    expect(silent(monitor, 1_040_000)).toEqual(['gone']);
  });
});

describe('maintenance', () => {
  test('matches a name, or a prefix', () => {
    expect(['hall.1', 'hall.10', 'all'].filter((name) => matchesStreams('hall.1', name))).toEqual(['hall.1']);
    expect(['hall.1', 'hall.10', 'all'].filter((name) => matchesStreams('hall.*', name))).toEqual([
      'hall.1',
      'hall.10',
    ]);
    expect(['hall.1', 'all'].filter((name) => matchesStreams('*', name))).toEqual(['hall.1', 'all']);
  });

  test('of the same streams replaces the previous one, and a time in the past ends it', () => {
    const list = withMaintenance(
      [
        { streams: 'a', until: 5 },
        { streams: 'b', until: 9 },
      ],
      { streams: 'a', until: 7 },
      1,
    );
    expect(list).toEqual([
      { streams: 'b', until: 9 },
      { streams: 'a', until: 7 },
    ]);
    expect(withMaintenance(list, { streams: 'a', until: 0 }, 1)).toEqual([{ streams: 'b', until: 9 }]);
  });
});
