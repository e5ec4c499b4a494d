import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AlarmBook } from '../../src/core/alarms/alarm-book.ts';
import { AlarmLog } from '../../src/server/alarm-log.ts';
import { finding } from '../core/alarms/alarm-marbles.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(() => rm(directory, { recursive: true }));

const event = (time: number) => new AlarmBook().alarm('a', 'unusual', finding(), time)[0];

describe('the log of alarms', () => {
  test('is one JSON line an event, in order, with the time in words', async () => {
    const log = new AlarmLog(join(directory, 'new', 'alarms.jsonl'), () => {});
    for (let n = 0; n < 100; n++) log.write(event(n * 1000));
    await log.close();
    const lines = (await readFile(join(directory, 'new', 'alarms.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual(
      Array.from({ length: 100 }, (_, n) => new Date(n * 1000).toISOString()),
    );
    expect(JSON.parse(lines[0])).toEqual({ ...event(0), time: '1970-01-01T00:00:00.000Z' });
  });

  test('is put aside when it is full, and three that were are kept', async () => {
    const log = new AlarmLog(join(directory, 'log'), () => {}, 1);
    for (let n = 0; n < 6; n++) {
      log.write(event(n));
      await log.close();
    }
    expect((await readdir(directory)).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3']);
    const newest = await readFile(join(directory, 'log'), 'utf8');
    expect((JSON.parse(newest) as { time: string }).time).toBe('1970-01-01T00:00:00.005Z');
  });

  test('that cannot be written says so, and nothing else happens', async () => {
    await writeFile(join(directory, 'file'), '');
    const lines: string[] = [];
    const log = new AlarmLog(join(directory, 'file', 'log'), (line) => lines.push(line));
    log.write(event(0));
    await log.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('alarms could not be written');
  });
});
