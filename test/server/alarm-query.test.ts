import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { queryAlarms, type AlarmQueryResult } from '../../src/server/alarm-query.ts';
import { AlarmService } from '../../src/server/alarm-service.ts';
import { History } from '../../src/store/history.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { MonitoredStreams } from './monitored-streams.ts';
import { inBlocks, noise } from '../core/alarms/quiet-stream.ts';

const streams = ['mill', 'press', 'pump'];
const settled = 700;

/** Polls as documented: since the last response, page by page. */
class Poller {
  readonly seen = new Map<number, AlarmRecord>();
  readonly received: number[] = [];
  #since = 0;

  async poll(service: AlarmService, clock: number, limit: number): Promise<void> {
    let page = await this.#ask(service, { limit: `${limit}` }, clock);
    const { now } = page;
    while (page.more)
      page = await this.#ask(service, { limit: `${limit}`, before: `${page.alarms.at(-1)?.changed}` }, clock);
    this.#since = now;
  }

  async #ask(service: AlarmService, query: Record<string, string>, clock: number): Promise<AlarmQueryResult> {
    const answer = (await queryAlarms(service, { since: `${this.#since}`, ...query }, clock)) as AlarmQueryResult;
    for (const alarm of answer.alarms) {
      this.seen.set(alarm.id, alarm);
      this.received.push(alarm.changed);
    }
    return answer;
  }
}

const deed = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 900, 15_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('frames' as const),
      stream: fc.nat(streams.length - 1),
      count: fc.integer({ min: 1, max: 120 }),
      leap: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('poll' as const), limit: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('acknowledge' as const, 'shelve' as const, 'clear' as const, 'falseAlarm' as const),
      alarm: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

test('polling with the time of the last response returns every event of an alarm exactly once', async () => {
  const quiet = noise(settled, 1);
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 60 }), async (deeds) => {
      const alarms = { falseAlarms: 1e4, groupWithin: 0 };
      const service = await AlarmService.open(
        { alarms, history: new History(new MemoryStore(), () => {}), log: () => {} },
        0,
      );
      const monitored = new MonitoredStreams(service, alarms);
      let clock = 1_700_000_000_000;
      const next = streams.map(() => settled);
      for (const name of streams) {
        const info = { name, channels: [{ label: 'a', unit: '' }], rate: 10, run: 1, next: 0, live: true };
        monitored.open({ ...info, maps: [], learners: [] });
        for (const block of inBlocks(quiet, 1, 10, 100)) monitored.push(name, block, clock);
      }
      const latest = new Map<number, number>();
      service.events.subscribe(({ alarm }) => {
        latest.set(alarm.id, alarm.changed);
      });
      const poller = new Poller();
      for (const one of deeds) {
        if (one.do === 'wait') {
          clock += one.ms;
          service.tick(clock);
        } else if (one.do === 'poll') await poller.poll(service, clock, one.limit);
        else if (one.do === 'frames') {
          const start = next[one.stream];
          const data = noise(one.count, 1, (t, _, x) => (one.leap && t === 0 ? x + 100 * start : x));
          monitored.push(streams[one.stream], inBlocks(data, 1, 10, one.count, start)[0], clock);
          next[one.stream] += one.count;
        } else service.control({ type: 'alarm', alarm: one.alarm, do: one.do, until: clock + 5000 }, clock);
      }
      await poller.poll(service, clock, 2);
      expect(new Map(Array.from(poller.seen, ([id, { changed }]) => [id, changed]))).toEqual(latest);
      expect(new Set(poller.received).size).toBe(poller.received.length);
      expect(Array.from(poller.seen.values(), ({ id, state }) => [id, state]).sort()).toEqual(
        service.alarms.map(({ id, state }) => [id, state]).sort(),
      );
      await service.close();
    }),
    { numRuns: 60, seed: 1 },
  );
}, 60_000);
