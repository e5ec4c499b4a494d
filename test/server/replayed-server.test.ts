import { expect, test } from 'vitest';
import { ReplayedServer } from '../../src/server/replayed-server.ts';
import { runNow } from '../../src/server/work-scheduler.ts';
import type { RecordedEvent } from '../../src/store/recorded-event.ts';

test('a learner of the settings is not removed with one of the same name that a viewer had added', async () => {
  const scored: string[] = [];
  const server = await ReplayedServer.open(
    {
      feed: () => ({ gaps: 'hold', standardize: null, maps: [], learners: [] }),
      learners: { mill: [{ name: 'next', task: 'forecast', taps: 2 }] },
      powerLine: 50,
      alarms: {},
    },
    { alarm: () => {}, score: (stream, { name }) => scored.push(`${stream} ${name}`), problem: () => {} },
    undefined,
    () => Promise.resolve(undefined),
  );
  const channels = [{ label: 'a', unit: '' }];
  const frames = (start: number): RecordedEvent => ({
    type: 'block',
    block: { data: Float32Array.from({ length: 50 }, (_, i) => i % 5), channels: 1, start, rate: 50, time: 20 * start },
  });
  const events: RecordedEvent[] = [
    { type: 'run', run: 0, next: 0, time: 0, rate: 50, channels },
    frames(0),
    { type: 'message', at: 50, message: { type: 'remove', at: 50, stage: 'learner next' } },
  ];
  for (const event of events) runNow(server.replay('mill', event, 0));
  scored.length = 0;
  runNow(server.replay('mill', frames(50), 2000));
  expect(scored).toContain('mill next');
  await server.close();
});
