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
