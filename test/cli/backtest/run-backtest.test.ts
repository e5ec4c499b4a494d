import { expect, test } from 'vitest';
import { runBacktest } from '../../../src/cli/backtest/run-backtest.ts';
import { defaultSettings } from '../../../src/cli/backtest/settings-file.ts';
import type { StreamAlarm } from '../../../src/cli/backtest/stream-alarms.ts';
import { inDirectory } from '../../store/temporary.ts';
import { RecordedServer, type TestStream } from './recorded-server.ts';

const streams: TestStream[] = [
  { name: 'mill', channels: 2, anomalies: [800, 1500, 2300, 2600], blocks: [10] },
  { name: 'pump', channels: 1, anomalies: [900, 1510, 2000, 2900], gap: [1200, 1300], blocks: [1, 7, 25] },
  { name: 'fan', channels: 3, anomalies: [], blocks: [50] },
];

const whole = { from: -Infinity, to: Infinity, warmUp: Infinity };

test('try', () =>
  inDirectory(async (state) => {
    const server = await RecordedServer.start(state, { alarms: { falseAlarms: 3000 }, powerLine: 50 });
    let live;
    try {
      await server.publish(streams, 3200);
      live = await server.alarms();
    } finally {
      await server.stop();
    }
    const settings = await defaultSettings();
    const baseline = { ...settings, powerLine: 50, alarms: { falseAlarms: 3000 } };
    const result = await runBacktest({
      state,
      streams: streams.map(({ name }) => name),
      span: whole,
      baseline,
      config: undefined,
    });
    console.log(
      JSON.stringify(live.map((a) => [a.id, a.kind, a.raised, a.members.map((m) => [m.stream, m.window, m.score])])),
    );
    for (const s of result.streams) {
      console.log(
        s.stream,
        s.amounts,
        s.numbers,
        s.learners,
        s.isSameSettings,
        s.notes,
        s.kept.length,
        s.gained,
        s.lost,
      );
      for (const k of s.kept) {
        console.log(JSON.stringify(k.before));
        console.log(JSON.stringify(k.after));
      }
    }
  }));
