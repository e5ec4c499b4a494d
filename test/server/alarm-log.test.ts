import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AlarmManager } from '../../src/core/alarms/alarm-manager.ts';
import { createServer } from '../../src/server/index.ts';
import { AlarmLog } from '../../src/server/alarm-log.ts';
import { finding } from '../core/alarms/alarm-marbles.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(() => rm(directory, { recursive: true }));

const until = (fits: () => boolean) => expect.poll(fits, { interval: 5 }).toBe(true);
const event = (time: number) => new AlarmManager().report('a', 'unusual', finding(), time)[0];

describe('the alarm log', () => {
  test('has one JSON line per event, in order, with an ISO time', async () => {
    const log = await AlarmLog.open(join(directory, 'new', 'alarms.jsonl'), () => {});
    for (let n = 0; n < 100; n++) log.write(event(n * 1000));
    await log.close();
    const lines = (await readFile(join(directory, 'new', 'alarms.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual(
      Array.from({ length: 100 }, (_, n) => new Date(n * 1000).toISOString()),
    );
    expect(JSON.parse(lines[0])).toEqual({ ...event(0), time: '1970-01-01T00:00:00.000Z' });
  });

  test('is rotated when it is full, and three rotated files are kept', async () => {
    const log = await AlarmLog.open(join(directory, 'log'), () => {}, 1);
    for (let n = 0; n < 6; n++) {
      log.write(event(n));
      await log.close();
    }
    expect((await readdir(directory)).sort()).toEqual(['log', 'log.1', 'log.2', 'log.3']);
    const newest = await readFile(join(directory, 'log'), 'utf8');
    expect((JSON.parse(newest) as { time: string }).time).toBe('1970-01-01T00:00:00.005Z');
  });

  test('starts a new line if the file ends with an incomplete one', async () => {
    const path = join(directory, 'log');
    await writeFile(path, '{"time":"2026","step":"rai');
    const log = await AlarmLog.open(path, () => {});
    log.write(event(0));
    await log.close();
    log.write(event(1));
    await log.close();
    const [cut, ...lines] = (await readFile(path, 'utf8')).trim().split('\n');
    expect(cut).toBe('{"time":"2026","step":"rai');
    expect(lines.map((line) => (JSON.parse(line) as { step: string }).step)).toEqual(['raised', 'raised']);
  });

  test('that cannot be written is rejected when the server starts', async () => {
    const path = join(directory, 'file', 'log');
    await writeFile(join(directory, 'file'), '');
    const sentence = `alarms.log must be a writable file, got '${path}'`;
    await expect(AlarmLog.open(path, () => {})).rejects.toThrow(sentence);
    await expect(createServer({ port: 0, alarms: { log: path } })).rejects.toThrow(sentence);
  });

  test('that cannot be written for a while reports it once and has every line afterwards', async () => {
    const path = join(directory, 'log');
    const lines: string[] = [];
    const log = await AlarmLog.open(path, (line) => lines.push(line));
    await rm(path);
    await mkdir(path);
    for (let n = 0; n < 3; n++) {
      log.write(event(n));
      await until(() => lines.length === 1);
    }
    await rm(path, { recursive: true });
    log.flush();
    await log.close();
    expect(lines).toEqual([expect.stringMatching(/log: cannot write alarm events: EISDIR/)]);
    const written = (await readFile(path, 'utf8')).trim().split('\n');
    expect(written.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual(
      [0, 1, 2].map((n) => new Date(n).toISOString()),
    );
  });

  test('that is closed while it cannot be written reports the number of lost events', async () => {
    const path = join(directory, 'log');
    const lines: string[] = [];
    const log = await AlarmLog.open(path, (line) => lines.push(line));
    await rm(path);
    await mkdir(path);
    for (let n = 0; n < 3; n++) log.write(event(n));
    await log.close();
    expect(lines.at(-1)).toBe(`${path}: lost 3 alarm events`);
  });
});
