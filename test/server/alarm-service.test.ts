import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlarmEvent } from '../../src/core/alarms/alarm-book.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { AlarmService } from '../../src/server/alarm-service.ts';
import type { ServerAlarms } from '../../src/server/server-alarms.ts';
import { inBlocks, noise } from '../core/alarms/quiet-stream.ts';

let directory: string;
let lines: string[];
let desks: AlarmService[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  lines = [];
  desks = [];
});
afterEach(async () => {
  for (const desk of desks) await desk.close();
  await rm(directory, { recursive: true });
});

function streamOf(name: string, channels = 1, rate = 10): StreamInfo {
  const named = Array.from({ length: channels }, (_, c) => ({ label: `c${c}`, unit: '' }));
  return { name, channels: named, rate, run: 1, next: 0, live: true, maps: [], learners: [] };
}

async function deskOf(alarms: ServerAlarms = {}, now = 0): Promise<{ desk: AlarmService; events: AlarmEvent[] }> {
  const desk = await AlarmService.open(
    { alarms: { falseAlarms: 1e5, ...alarms }, statePath: directory, log: (line) => lines.push(line) },
    now,
  );
  desks.push(desk);
  const events: AlarmEvent[] = [];
  desk.events.subscribe((event) => events.push(event));
  return { desk, events };
}

/** Brings `seconds` of a stream in blocks of a tenth of a second, from ms `from` on, a spike at frame `spike`. */
function bring(
  desk: AlarmService,
  stream: string,
  seconds: number,
  { from = 0, spike = -1, size = 200, channels = 1 } = {},
): void {
  const data = noise(seconds * 10, channels, (t, _, x) => (t === spike ? x + size : x));
  for (const block of inBlocks(data, channels, 10, 1, from / 100)) desk.push(stream, block, block.time);
}

const steps = (events: readonly AlarmEvent[]) => events.map(({ step, alarm }) => `${step} ${alarm.kind}`);

describe('the alarm service', () => {
  test('raises one alarm for the outage of 300 streams and clears it when the last one is back', async () => {
    const { desk, events } = await deskOf();
    const names = Array.from({ length: 300 }, (_, n) => `hall.${n}`);
    for (const name of names) {
      desk.open(streamOf(name));
      bring(desk, name, 1);
    }
    for (let second = 1; second <= 12; second++) desk.tick(second * 1000);
    expect(steps(events)).toEqual(['raised silent', 'joined silent']);
    expect(desk.alarms).toHaveLength(1);
    expect(desk.alarms[0].members).toHaveLength(300);
    expect(desk.alarms[0].members[0]).toMatchObject({ cause: 'silent', since: 900, window: { from: 10 } });
    for (const name of names) bring(desk, name, 1, { from: 20_000 });
    expect(steps(events).at(-1)).toBe('cleared silent');
  });

  test('raises no alarm for a stream that closed normally, and ends its open alarms', async () => {
    const { desk, events } = await deskOf();
    for (const name of ['a', 'b']) {
      desk.open(streamOf(name));
      bring(desk, name, 1);
    }
    desk.normalClose('a', 1000);
    desk.tick(9000);
    expect(events.map(({ alarm }) => alarm.members.map(({ stream }) => stream))).toEqual([['b']]);
    desk.normalClose('b', 10_000);
    expect(steps(events)).toEqual(['raised silent', 'cleared silent']);
  });

  test('does not escalate alarms of a stream that closed normally', async () => {
    const { desk, events } = await deskOf();
    desk.open(streamOf('a', 2));
    bring(desk, 'a', 70, { spike: 650, channels: 2 });
    const still = noise(8000, 2, (_t, c, x) => (c === 1 ? 20 : x));
    for (const block of inBlocks(still, 2, 10, 100, 700)) desk.push('a', block, block.time);
    for (const block of inBlocks(
      noise(1, 2, (_t, c) => (c === 1 ? 20 : 9000)),
      2,
      10,
      1,
      8700,
    ))
      desk.push('a', block, block.time);
    expect(new Set(desk.alarms.filter(({ state }) => state !== 'cleared').map(({ kind }) => kind))).toEqual(
      new Set(['unusual', 'dead']),
    );
    desk.normalClose('a', 871_000);
    expect(desk.alarms.every(({ state }) => state === 'cleared')).toBe(true);
    events.length = 0;
    for (let second = 871; second < 3000; second += 10) desk.tick(second * 1000);
    expect(events).toEqual([]);
  });

  test('restores alarms, counts, maintenance, and detector states after a restart', async () => {
    const { desk, events } = await deskOf();
    desk.open(streamOf('a'));
    bring(desk, 'a', 70, { spike: 650 });
    expect(steps(events)).toEqual(['raised unusual']);
    desk.control({ type: 'alarm', alarm: 1, do: 'acknowledge' }, 70_000);
    desk.setMaintenance({ streams: 'b.*', until: 1e9 }, 70_000);
    await desk.save(true);
    await desk.close();

    const { desk: next, events: after } = await deskOf({}, 100_000);
    expect(next.alarms).toEqual(desk.alarms);
    expect(next.alarms).toMatchObject([{ id: 1, state: 'acknowledged' }]);
    expect(next.counts).toEqual([{ stream: 'a', alarms: 1, falseAlarms: 0 }]);
    expect(next.maintenance).toEqual([{ streams: 'b.*', until: 1e9 }]);
    next.open({ ...streamOf('a'), run: 2 });
    bring(next, 'a', 30, { from: 100_000 });
    expect(steps(after)).toEqual(['cleared unusual']);
    bring(next, 'a', 1, { from: 200_000, spike: 5, size: 5000 });
    expect(after.at(-1)).toMatchObject({ step: 'raised', alarm: { id: 2, members: [{ cause: 'range' }] } });
    const log = (await readFile(join(directory, 'alarms.jsonl'), 'utf8')).trim().split('\n');
    await next.close();
    expect(log.slice(0, 2).map((line) => (JSON.parse(line) as { step: string }).step)).toEqual([
      'raised',
      'acknowledged',
    ]);
  });

  test('reports a stream as stale that did not return after a restart, but allows time to reconnect', async () => {
    const { desk } = await deskOf();
    desk.open(streamOf('a'));
    bring(desk, 'a', 1);
    await desk.save();
    const { desk: next, events } = await deskOf({}, 60_000);
    next.tick(99_000);
    expect(events).toEqual([]);
    next.tick(100_000);
    expect(steps(events)).toEqual(['raised silent']);
  });

  /** Two alarms, saved; what is in the file. */
  async function twoAlarms(): Promise<{ path: string; text: string }> {
    const { desk } = await deskOf();
    for (const [n, name] of ['a', 'b'].entries()) {
      desk.open(streamOf(name));
      bring(desk, name, 70, { from: 10_000 * n, spike: 650 });
    }
    await desk.save(true);
    await desk.close();
    const path = join(directory, 'alarms.json');
    return { path, text: await readFile(path, 'utf8') };
  }

  test('skips and logs an invalid saved alarm, and keeps the others and a copy of the file', async () => {
    const { path, text } = await twoAlarms();
    const damaged = text.replace('"id":1', '"id":-1');
    await writeFile(path, damaged);
    const { desk, events } = await deskOf({}, 100_000);
    expect(lines).toEqual([
      `skipped invalid records of ${path}; the original is kept as ${path}.broken: id must be an integer from 1 to 2^32 - 1`,
    ]);
    expect(desk.alarms.map(({ id }) => id)).toEqual([2]);
    expect(desk.counts).toHaveLength(2);
    expect(await readFile(`${path}.broken`, 'utf8')).toBe(damaged);
    desk.open({ ...streamOf('c'), run: 2 });
    bring(desk, 'c', 70, { from: 100_000, spike: 650 });
    expect(events.at(-1)?.alarm.id).toBe(3);
  });

  test('derives the next id from the clock if the saved alarms are truncated, so that no id is used twice', async () => {
    const { path, text } = await twoAlarms();
    await writeFile(path, text.slice(0, -5));
    const { desk, events } = await deskOf({}, 1_700_000_000_999);
    expect(lines).toHaveLength(1);
    expect(desk.alarms).toEqual([]);
    expect(await readFile(`${path}.broken`, 'utf8')).toBe(text.slice(0, -5));
    desk.open(streamOf('c'));
    bring(desk, 'c', 70, { spike: 650 });
    expect(events[0].alarm.id).toBe(1_700_000_000);
  });

  test('uses no id twice if it was killed before it saved an alarm', async () => {
    const { desk: killed, events: before } = await deskOf();
    killed.open(streamOf('a'));
    bring(killed, 'a', 70, { spike: 650 });
    const { desk, events } = await deskOf({}, 100_000);
    desk.open(streamOf('b'));
    bring(desk, 'b', 70, { spike: 650 });
    expect([before, events].map(([{ alarm }]) => alarm.id)).toEqual([1, 1001]);
  });

  test('monitors the first channels of a wide stream, none of a target, and up to a limit in total', async () => {
    const { desk } = await deskOf();
    desk.open(streamOf('narrow', 64));
    desk.open(streamOf('wide', 65));
    desk.open(streamOf('fast', 33, 250));
    desk.open({ ...streamOf('truth'), for: 'narrow' });
    expect(['narrow', 'wide', 'fast', 'truth'].map((name) => desk.unwatched(name))).toEqual([
      undefined,
      '64 of 65 channels are monitored: at most 64 per stream',
      '32 of 33 channels are monitored: at most 32 per stream',
      'Not monitored: target of narrow',
    ]);
    for (let n = 0; n < 40; n++) desk.open(streamOf(`more${n}`, 64));
    expect(desk.unwatched('more39')).toBe('Not monitored: server limit reached');
    desk.remove('wide', 0);
    desk.open(streamOf('late', 64));
    expect(desk.unwatched('late')).toBeUndefined();
  });

  test('keeps a detector state across runs of the same shape, and starts anew for another shape', async () => {
    const { desk, events } = await deskOf();
    desk.open(streamOf('a'));
    bring(desk, 'a', 65);
    desk.open({ ...streamOf('a'), run: 2 });
    bring(desk, 'a', 1, { spike: 5 });
    expect(steps(events)).toEqual(['raised unusual']);
    desk.open({ ...streamOf('a', 2), run: 3 });
    bring(desk, 'a', 1, { spike: 5, channels: 2 });
    expect(steps(events)).toEqual(['raised unusual']);
  });

  test('does not use the state learned from one channel for another', async () => {
    const { desk, events } = await deskOf();
    const [warm, cold] = [
      { label: 'oven', unit: '°C' },
      { label: 'air', unit: '°C' },
    ];
    desk.open({ ...streamOf('a', 2), channels: [warm, cold] });
    const apart = (_t: number, c: number, x: number) => (c === 0 ? x + 200 : x);
    for (const block of inBlocks(noise(700, 2, apart), 2, 10, 10)) desk.push('a', block, block.time);
    desk.open({ ...streamOf('a', 2), channels: [cold, warm], run: 2 });
    const swapped = (_t: number, c: number, x: number) => (c === 1 ? x + 200 : x);
    for (const block of inBlocks(noise(100, 2, swapped), 2, 10, 10)) desk.push('a', block, 70_000 + block.time);
    expect(events).toEqual([]);
  });
});
