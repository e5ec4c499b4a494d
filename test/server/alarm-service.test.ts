import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlarmEvent } from '../../src/core/alarms/alarm-manager.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { AlarmService } from '../../src/server/alarm-service.ts';
import type { ServerAlarms } from '../../src/server/server-alarms.ts';
import { History } from '../../src/store/history.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { inBlocks, noise } from '../core/alarms/quiet-stream.ts';
import { DetectorBudget } from '../../src/server/detector-budget.ts';
import { MonitoredStreams } from './monitored-streams.ts';

let directory: string;
let lines: string[];
let services: AlarmService[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  lines = [];
  services = [];
});
afterEach(async () => {
  for (const service of services) await service.close();
  await rm(directory, { recursive: true });
});

function streamOf(name: string, channels = 1, rate = 10): StreamInfo {
  const named = Array.from({ length: channels }, (_, c) => ({ label: `c${c}`, unit: '' }));
  return { name, channels: named, rate, run: 1, next: 0, live: true, maps: [], learners: [] };
}

async function serviceWith(
  alarms: ServerAlarms = {},
  now = 0,
): Promise<{ service: AlarmService; streams: MonitoredStreams; events: AlarmEvent[] }> {
  const settings = { falseAlarms: 1e5, ...alarms };
  const log = (line: string) => lines.push(line);
  const history = new History(await openHistory(directory, log), log);
  const service = await AlarmService.open({ alarms: settings, history, statePath: directory, log }, now);
  services.push(service);
  const events: AlarmEvent[] = [];
  service.events.subscribe((event) => events.push(event));
  return { service, streams: new MonitoredStreams(service, settings), events };
}

/** Pushes `seconds` of a stream in blocks of 0.1 s, starting at `from` ms, with a spike at frame `spike`. */
function bring(
  streams: MonitoredStreams,
  stream: string,
  seconds: number,
  { from = 0, spike = -1, size = 200, channels = 1 } = {},
): void {
  const data = noise(seconds * 10, channels, (t, _, x) => (t === spike ? x + size : x));
  for (const block of inBlocks(data, channels, 10, 1, from / 100)) streams.push(stream, block, block.time);
}

const steps = (events: readonly AlarmEvent[]) => events.map(({ step, alarm }) => `${step} ${alarm.kind}`);

describe('the alarm service', () => {
  test('raises one alarm for the outage of 300 streams and clears it when the last one is back', async () => {
    const { service, streams, events } = await serviceWith();
    const names = Array.from({ length: 300 }, (_, n) => `hall.${n}`);
    for (const name of names) {
      streams.open(streamOf(name));
      bring(streams, name, 1);
    }
    for (let second = 1; second <= 12; second++) service.tick(second * 1000);
    expect(steps(events)).toEqual(['raised silent', 'joined silent']);
    expect(service.alarms).toHaveLength(1);
    expect(service.alarms[0].members).toHaveLength(300);
    expect(service.alarms[0].members[0]).toMatchObject({ cause: 'silent', since: 900, window: { from: 10 } });
    for (const name of names) bring(streams, name, 1, { from: 20_000 });
    expect(steps(events).at(-1)).toBe('cleared silent');
  });

  test('raises no alarm for a stream that closed normally, and ends its open alarms', async () => {
    const { service, streams, events } = await serviceWith();
    for (const name of ['a', 'b']) {
      streams.open(streamOf(name));
      bring(streams, name, 1);
    }
    service.normalClose('a', 1000);
    service.tick(9000);
    expect(events.map(({ alarm }) => alarm.members.map(({ stream }) => stream))).toEqual([['b']]);
    service.normalClose('b', 10_000);
    expect(steps(events)).toEqual(['raised silent', 'cleared silent']);
  });

  test('does not escalate alarms of a stream that closed normally', async () => {
    const { service, streams, events } = await serviceWith();
    streams.open(streamOf('a', 2));
    bring(streams, 'a', 70, { spike: 650, channels: 2 });
    const still = noise(8000, 2, (_t, c, x) => (c === 1 ? 20 : x));
    for (const block of inBlocks(still, 2, 10, 100, 700)) streams.push('a', block, block.time);
    for (const block of inBlocks(
      noise(1, 2, (_t, c) => (c === 1 ? 20 : 9000)),
      2,
      10,
      1,
      8700,
    ))
      streams.push('a', block, block.time);
    expect(new Set(service.alarms.filter(({ state }) => state !== 'cleared').map(({ kind }) => kind))).toEqual(
      new Set(['unusual', 'dead']),
    );
    service.normalClose('a', 871_000);
    expect(service.alarms.every(({ state }) => state === 'cleared')).toBe(true);
    events.length = 0;
    for (let second = 871; second < 3000; second += 10) service.tick(second * 1000);
    expect(events).toEqual([]);
  });

  test('raises one alarm while streams cannot be recorded, and clears it when they can', async () => {
    const { service, streams, events } = await serviceWith();
    for (const name of ['a', 'b', 'c']) streams.open(streamOf(name));
    const full = { problem: 'the disk is full', since: 500 };
    service.observeRecording(['a', 'b'], {}, 0);
    expect(events).toEqual([]);
    for (let second = 1; second <= 30; second++) {
      // a device that connects later joins the alarm
      service.observeRecording(second < 20 ? ['a', 'b'] : ['a', 'b', 'c'], full, second * 1000);
      service.tick(second * 1000);
    }
    expect(steps(events)).toEqual(['raised unrecorded', 'joined unrecorded', 'joined unrecorded']);
    expect(service.alarms).toHaveLength(1);
    expect(service.alarms[0].members.map(({ stream }) => stream)).toEqual(['a', 'b', 'c']);
    expect(service.alarms[0].members[2]).toMatchObject({
      cause: 'unrecorded',
      reason: 'the disk is full',
      since: 500,
      active: true,
    });
    service.observeRecording(['a', 'b', 'c'], {}, 31_000);
    expect(steps(events).at(-1)).toBe('cleared unrecorded');
    expect(service.alarms[0].members.every(({ active }) => !active)).toBe(true);

    // one that a viewer has cleared is not raised again before recording has continued
    service.observeRecording(['a'], { problem: 'permission denied', since: 900_000 }, 900_000);
    const { id, members } = service.alarms[0];
    expect([id, members[0].reason]).toEqual([2, 'permission denied']);
    service.control({ type: 'alarm', alarm: id, do: 'clear' }, 901_000);
    service.observeRecording(['a'], { problem: 'permission denied', since: 900_000 }, 902_000);
    expect(service.alarms.filter(({ state }) => state !== 'cleared')).toEqual([]);
    service.observeRecording(['a'], {}, 903_000);
    service.observeRecording(['a'], full, 1_800_000);
    expect(service.alarms.find(({ state }) => state === 'raised')).toMatchObject({ id: 3, kind: 'unrecorded' });
  });

  test('clears an alarm of streams that could not be recorded before a restart', async () => {
    const before = await serviceWith();
    before.streams.open(streamOf('a'));
    before.service.observeRecording(['a'], { problem: 'the disk is full', since: 1000 }, 1000);
    before.service.save(true);
    await before.service.close();
    const { service, events } = await serviceWith({}, 2000);
    expect(service.alarms).toMatchObject([{ kind: 'unrecorded', state: 'raised' }]);
    service.observeRecording([], {}, 3000);
    expect(steps(events)).toEqual(['cleared unrecorded']);
  });

  test('restores alarms, counts, maintenance, and detector states after a restart', async () => {
    const { service, streams, events } = await serviceWith();
    streams.open(streamOf('a'));
    bring(streams, 'a', 70, { spike: 650 });
    expect(steps(events)).toEqual(['raised unusual']);
    service.control({ type: 'alarm', alarm: 1, do: 'acknowledge' }, 70_000);
    service.setMaintenance({ streams: 'b.*', until: 1e9 }, 70_000);
    service.save(true);
    await service.close();

    const { service: next, streams: nextStreams, events: after } = await serviceWith({}, 100_000);
    expect(next.alarms).toEqual(service.alarms);
    expect(next.alarms).toMatchObject([{ id: 1, state: 'acknowledged' }]);
    expect(next.counts).toEqual([{ stream: 'a', alarms: 1, falseAlarms: 0 }]);
    expect(next.maintenance).toEqual([{ streams: 'b.*', until: 1e9 }]);
    nextStreams.open({ ...streamOf('a'), run: 2 }, streams.save('a'));
    bring(nextStreams, 'a', 30, { from: 100_000 });
    expect(steps(after)).toEqual(['cleared unusual']);
    bring(nextStreams, 'a', 1, { from: 200_000, spike: 5, size: 5000 });
    expect(after.at(-1)).toMatchObject({ step: 'raised', alarm: { id: 2, members: [{ cause: 'range' }] } });
    const log = (await readFile(join(directory, 'alarms.jsonl'), 'utf8')).trim().split('\n');
    await next.close();
    expect(log.slice(0, 2).map((line) => (JSON.parse(line) as { step: string }).step)).toEqual([
      'raised',
      'acknowledged',
    ]);
  });

  test('reports a stream as stale that did not return after a restart, but allows time to reconnect', async () => {
    const { service, streams } = await serviceWith();
    streams.open(streamOf('a'));
    bring(streams, 'a', 1);
    service.save();
    const { service: next, events } = await serviceWith({}, 60_000);
    next.tick(99_000);
    expect(events).toEqual([]);
    next.tick(100_000);
    expect(steps(events)).toEqual(['raised silent']);
  });

  /** Returns two alarms as an earlier version saved them. */
  async function twoAlarms(): Promise<{ path: string; text: string }> {
    const history = new History(new MemoryStore(), () => {});
    const service = await AlarmService.open({ alarms: { falseAlarms: 1e5 }, history, log: () => {} }, 0);
    const streams = new MonitoredStreams(service, { falseAlarms: 1e5 });
    for (const [n, name] of ['a', 'b'].entries()) {
      streams.open(streamOf(name));
      bring(streams, name, 70, { from: 10_000 * n, spike: 650 });
    }
    const { alarms, counts } = service;
    await service.close();
    const book = { next: 3, alarms, counts, maintenance: [], dismissed: [] };
    return { path: join(directory, 'alarms.json'), text: JSON.stringify({ version: 1, book, streams: [] }) };
  }

  test('keeps 500 closed alarms in memory, and pages through and acts on all of them', async () => {
    const { service, events } = await serviceWith({ groupWithin: 0, cooldown: 0 });
    const { length } = Array.from({ length: 620 }, (_, n) => {
      const name = `a.${n}`;
      service.open(streamOf(name));
      const at = 10_000 * n;
      for (let block = 1; block <= 3; block++) service.receive(name, block, at + block);
      service.tick(at + 6000);
      service.normalClose(name, at + 6001);
    });
    expect(steps(events.slice(-2))).toEqual(['raised silent', 'cleared silent']);
    expect(service.alarms.length).toBeLessThanOrEqual(501);
    const ids: number[] = [];
    for (let before = 1e15, more = true; more;) {
      const page = await service.page({ since: 0, before }, 100, false);
      ids.push(...page.records.map(({ id }) => id));
      before = page.records.at(-1).changed;
      more = page.more;
    }
    expect(ids).toEqual(Array.from({ length }, (_, n) => length - n));
    expect((await service.page({ since: 0, before: 1e15, stream: 'a.3' }, 10, false)).records[0].id).toBe(4);
    expect(service.control({ type: 'alarm', alarm: 4, do: 'falseAlarm' }, 1e10)).toBe(true);
    expect(events.at(-1)).toMatchObject({ step: 'falseAlarm', alarm: { id: 4, falseAlarm: true, changed: 1e10 } });
    expect(service.control({ type: 'alarm', alarm: 5, do: 'clear' }, 1e10)).toBe(true);
    const { records } = await service.page({ since: 0, before: 1e15 }, 1000, false);
    expect(records).toHaveLength(length);
    expect(records[0]).toMatchObject({ id: 4, falseAlarm: true });
    expect(service.control({ type: 'alarm', alarm: 5000, do: 'clear' }, 1e10)).toBe(false);
  });

  test('imports the alarms of an earlier version once', async () => {
    const { path, text } = await twoAlarms();
    await writeFile(path, text);
    const { service } = await serviceWith({}, 100_000);
    expect(lines).toEqual([`imported 2 alarms; the file is kept as ${path}.imported`]);
    expect(await readFile(`${path}.imported`, 'utf8')).toBe(text);
    expect(existsSync(path)).toBe(false);
    const imported = service.alarms;
    expect(imported.map(({ id }) => id)).toEqual([2, 1]);
    const { service: next } = await serviceWith({}, 100_000);
    expect(next.alarms).toEqual(imported);
    expect(next.counts).toEqual(service.counts);
    expect(lines).toHaveLength(1);
  });

  test('skips and logs an invalid saved alarm, and keeps the others and a copy of the file', async () => {
    const { path, text } = await twoAlarms();
    const damaged = text.replace('"id":1', '"id":-1');
    await writeFile(path, damaged);
    const { service, streams, events } = await serviceWith({}, 100_000);
    expect(lines.slice(0, 1)).toEqual([
      `skipped invalid records of ${path}; the original is kept as ${path}.broken: id must be an integer from 1 to 2^32 - 1`,
    ]);
    expect(service.alarms.map(({ id }) => id)).toEqual([2]);
    expect(service.counts).toHaveLength(2);
    expect(await readFile(`${path}.broken`, 'utf8')).toBe(damaged);
    streams.open({ ...streamOf('c'), run: 2 });
    bring(streams, 'c', 70, { from: 100_000, spike: 650 });
    expect(events.at(-1)?.alarm.id).toBe(3);
  });

  test('derives the next id from the clock if the saved alarms are truncated, so that no id is used twice', async () => {
    const { path, text } = await twoAlarms();
    await writeFile(path, text.slice(0, -5));
    const { service, streams, events } = await serviceWith({}, 1_700_000_000_999);
    expect(lines).toHaveLength(2);
    expect(service.alarms).toEqual([]);
    expect(await readFile(`${path}.broken`, 'utf8')).toBe(text.slice(0, -5));
    streams.open(streamOf('c'));
    bring(streams, 'c', 70, { spike: 650 });
    expect(events[0].alarm.id).toBe(1_700_000_000);
  });

  test('keeps an alarm and uses no id twice if it was killed after it raised the alarm', async () => {
    const { streams: killed, events: before } = await serviceWith();
    killed.open(streamOf('a'));
    bring(killed, 'a', 70, { spike: 650 });
    const { service, streams, events } = await serviceWith({}, 100_000);
    expect(service.alarms).toEqual(before.map(({ alarm }) => alarm));
    streams.open(streamOf('b'));
    bring(streams, 'b', 70, { from: 200_000, spike: 650 });
    expect([before, events].map(([{ alarm }]) => alarm.id)).toEqual([1, 1001]);
  });

  test('reports each result once when frames are processed again after a kill, at the time when they arrived', async () => {
    const spikes = [650, 900, 1200];
    const data = noise(1500, 1, (t, _, x) => (spikes.includes(t) ? x + 200 : x));
    const blocks = inBlocks(data, 1, 10, 7);
    const lag = 5e6;
    const play = async (recorded: number, processed: number, saved: number) => {
      const { service, streams, events } = await serviceWith();
      streams.open(streamOf('a'));
      const arrive = (to: MonitoredStreams, from: number, end = Infinity) => {
        for (const block of blocks.slice(from, end)) to.push('a', block, block.time + lag);
      };
      arrive(streams, 0, saved);
      service.save();
      arrive(streams, saved, processed);
      if (processed === Infinity) return { events, service };
      // the server is killed: all recorded frames are processed again
      const next = await serviceWith({}, 1e9);
      next.streams.open(streamOf('a'), undefined, true);
      for (const block of blocks.slice(0, recorded)) next.streams.replay('a', block, 1e9);
      next.service.open({ ...streamOf('a'), next: 7 * recorded });
      arrive(next.streams, recorded);
      return { events: [...events, ...next.events], service: next.service };
    };
    const whole = await play(0, Infinity, 0);
    expect(steps(whole.events).filter((step) => step === 'raised unusual').length).toBeGreaterThan(0);
    const facts = (events: readonly AlarmEvent[]) =>
      events.map(({ step, alarm }) => {
        const [{ window, score, since }] = alarm.members;
        return { step, kind: alarm.kind, raised: alarm.raised, window, score, since };
      });
    const expected = facts(whole.events);
    for (const [recorded, processed] of [
      [100, 60],
      [100, 93],
      [93, 94],
      [140, 100],
      [190, 130],
      [200, 200],
    ]) {
      for (const service of services.splice(0)) await service.close();
      await rm(directory, { recursive: true });
      await mkdir(directory);
      const { events } = await play(recorded, processed, Math.max(1, processed - 40));
      expect(facts(events)).toEqual(expected);
    }
  });

  test('monitors the first channels of a wide stream, none of a target, and up to a limit in total', () => {
    const budget = new DetectorBudget();
    const allocations = [
      streamOf('narrow', 64),
      streamOf('wide', 65),
      streamOf('fast', 33, 250),
      { ...streamOf('truth'), for: 'narrow' },
    ].map((stream) => budget.allocate(stream));
    expect(allocations).toEqual([
      { channels: 64 },
      { channels: 64, unwatched: '64 of 65 channels monitored (at most 64 per stream)' },
      { channels: 32, unwatched: '32 of 33 channels monitored (at most 32 per stream)' },
      { channels: 0, unwatched: 'not monitored (target of narrow)' },
    ]);
    for (let n = 0; n < 39; n++) budget.allocate(streamOf(`more${n}`, 64));
    const full = { channels: 0, unwatched: 'not monitored (server limit reached)' };
    expect(budget.allocate(streamOf('more39', 64))).toEqual(full);
    budget.release('wide');
    expect(budget.allocate(streamOf('late', 64))).toEqual({ channels: 64 });
  });

  test('keeps a detector state across runs of the same shape, and starts anew for another shape', async () => {
    const { streams, events } = await serviceWith();
    streams.open(streamOf('a'));
    bring(streams, 'a', 65);
    streams.open({ ...streamOf('a'), run: 2 });
    bring(streams, 'a', 1, { spike: 5 });
    expect(steps(events)).toEqual(['raised unusual']);
    streams.open({ ...streamOf('a', 2), run: 3 });
    bring(streams, 'a', 1, { spike: 5, channels: 2 });
    expect(steps(events)).toEqual(['raised unusual']);
  });

  test('does not use the state learned from one channel for another', async () => {
    const { streams, events } = await serviceWith();
    const [warm, cold] = [
      { label: 'oven', unit: '°C' },
      { label: 'air', unit: '°C' },
    ];
    streams.open({ ...streamOf('a', 2), channels: [warm, cold] });
    const apart = (_t: number, c: number, x: number) => (c === 0 ? x + 200 : x);
    for (const block of inBlocks(noise(700, 2, apart), 2, 10, 10)) streams.push('a', block, block.time);
    streams.open({ ...streamOf('a', 2), channels: [cold, warm], run: 2 });
    const swapped = (_t: number, c: number, x: number) => (c === 1 ? x + 200 : x);
    for (const block of inBlocks(noise(100, 2, swapped), 2, 10, 10)) streams.push('a', block, 70_000 + block.time);
    expect(events).toEqual([]);
  });
});
