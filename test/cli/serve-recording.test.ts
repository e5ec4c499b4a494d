import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordingNotice, type RecordingOptions, recordingOf, size } from '../../src/cli/serve-recording.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { isRecorded, type RecorderOptions, recorderOptions } from '../../src/store/recorder-options.ts';
import { SessionLog } from '../../src/server/session-log.ts';
import { History } from '../../src/store/history.ts';
import { openHistory } from '../../src/store/open-history.ts';
import { inDirectory } from '../store/temporary.ts';
import { run, start } from './run-tapline.ts';

function parsed(args: readonly string[]): RecordingOptions {
  const command = serveCommand();
  command.parseOptions([...args]);
  return command.opts();
}

function recording(...args: string[]): RecorderOptions {
  const options = recordingOf(parsed(args), '.tapline');
  if (options === false || options === undefined) throw new Error('not recorded');
  return options;
}

describe('the options of recordings', () => {
  test('without options, all streams are recorded with the defaults of the recorder', () => {
    const { rules, fsync, retention } = recording();
    expect(recorderOptions({ rules, fsync }).fsync).toEqual(recorderOptions({}).fsync);
    expect(rules).toEqual([]);
    expect(retention).toEqual({ maxAge: 7 * 86_400_000, maxBytes: 5e9, minFree: undefined });
  });

  test.each([
    [['--record', 'a, plant-*'], { a: true, 'plant-1': true, ab: false, b: false }],
    [['--record-except', 'a,plant-*'], { a: false, 'plant-1': false, ab: true, b: true }],
    [['--record', 'plant-*', '--record-except', 'plant-1'], { 'plant-1': false, 'plant-2': true, a: false }],
  ])('%j selects streams', (args, expected) => {
    const { rules = [] } = recording(...args);
    const selected = Object.keys(expected).map((stream) => [stream, isRecorded(rules, stream)]);
    expect(Object.fromEntries(selected)).toEqual(expected);
  });

  test('retention and fsync are passed to the server', () => {
    const args = ['--keep-days', '0.5', '--keep-bytes', '2GiB', '--keep-free', '5%', '--fsync', '2.5'];
    expect(recording(...args)).toEqual({
      rules: [],
      fsync: { every: 2500 },
      retention: { maxAge: 43_200_000, maxBytes: 2 ** 31, minFree: 0.05 },
    });
    expect(recording('--fsync', 'always').fsync).toBe('always');
    expect(recording('--fsync', 'never').fsync).toBe('never');
  });

  test('sizes have decimal and binary units', () => {
    const sizes = ['1', '5GB', '1.5 tb', '500M', '2KiB'].map(size);
    expect(sizes).toEqual([1, 5e9, 1.5e12, 5e8, 2048]);
  });

  test('the notice names the streams, the directory, and the limits', () => {
    const notice = (...args: string[]) => recordingNotice(parsed(args), '.tapline');
    expect(notice()).toBe(
      `Recording all streams to ${join('.tapline', 'recordings')}: 7 days, at most 5 GB. Turn off with --no-record.\n`,
    );
    expect(notice('--record', 'a,b*', '--keep-days', '1', '--keep-bytes', '1500MB')).toContain(
      'Recording streams a, b* to',
    );
    expect(notice('--keep-days', '1', '--keep-bytes', '1500MB')).toContain(': 1 day, at most 1.5 GB.');
    expect(notice('--record-except', 'a')).toContain('Recording all streams except a to');
    expect(notice('--no-record')).toBe('Streams are not recorded (--no-record).\n');
    expect(recordingNotice({}, false)).toBe('Streams are not recorded (--no-state).\n');
  });
});

test.each([
  [['--record', 'a/b'], /--record must be a comma-separated list of stream names/],
  [['--keep-bytes', '5 apples'], /--keep-bytes must be a size/],
  [['--keep-bytes', '0'], /--keep-bytes must be a size/],
  [['--keep-free', '100%'], /--keep-free must be a percentage from 0% to 99%, got '100%'/],
  [['--keep-history', 'x'], /--keep-history must be a number > 0 in days, got 'x'/],
  [['--keep-days', '0'], /--keep-days must be a number > 0 in days, got '0'/],
  [['--fsync', 'sometimes'], /--fsync must be 'always', 'never', or a number > 0 in seconds, got 'sometimes'/],
  [['--no-state', '--keep-days', '3'], /--keep-days has no effect with --no-state\. Omit one of them\./],
  [['--no-record', '--record-except', 'a'], /--record-except has no effect with --no-record\. Omit one of them\./],
])('serve %j is rejected', async (args, error) => {
  const { code, stderr } = await run(['serve', '--port', '0', ...args]);
  expect(stderr).toMatch(error);
  expect(code).toBe(2);
});

test('--no-record starts a server without recordings', () =>
  inDirectory(async (directory) => {
    for (const [args, exists] of [
      [[], true],
      [['--no-record'], false],
    ] as const) {
      const state = join(directory, exists ? 'recorded' : 'unrecorded');
      const server = start(['serve', '--port', '0', '--state', state, ...args], directory);
      try {
        await server.prints(exists ? /Recording all streams to/ : /Streams are not recorded \(--no-record\)/);
        await server.prints(/Press Ctrl-C to stop/);
        expect(existsSync(join(state, 'recordings'))).toBe(exists);
      } finally {
        server.process.kill('SIGKILL');
        await server.ended;
      }
    }
  }));

test('--keep-history sets how long the server keeps closed sessions and alarms', () =>
  inDirectory(async (directory) => {
    const now = Date.now();
    const history = new History(await openHistory(directory, () => {}), () => {});
    const log = new SessionLog(history);
    for (const [stream, days] of [
      ['old', 10],
      ['new', 1],
    ] as const) {
      log.open(stream, { run: 1, next: 0 }, 'websocket', now - days * 86_400_000);
      log.close(stream, { reason: 'done' }, now - days * 86_400_000);
    }
    history.close();
    const args = ['serve', '--port', '0', '--no-record', '--state', directory];
    for (const [options, kept] of [
      [[], ['new', 'old']],
      [['--keep-history', '5'], ['new']],
    ] as const) {
      const server = start([...args, ...options], directory);
      try {
        const [, address] = await server.prints(/Tapline is running at (http:\S+)\n/);
        const streams = async () => {
          const answer = (await (await fetch(`${address}/sessions`)).json()) as { sessions: { stream: string }[] };
          return answer.sessions.map(({ stream }) => stream);
        };
        await expect.poll(streams, { timeout: 30_000 }).toEqual(kept);
      } finally {
        server.process.kill('SIGINT');
        await server.ended;
      }
    }
  }));
