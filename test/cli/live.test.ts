import { existsSync, readFileSync, watch } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filter, firstValueFrom, map, take, tap, timeout, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { watch as watchStream } from '../../client/watch.ts';
import { readCsv } from '../../src/formats/index.ts';
import { connect } from '../../src/operators/index.ts';
import { parseWatch, type StreamInfo } from '../../src/protocol/index.ts';
import { annotations, encodeEdf, list } from '../formats/encode-edf.ts';
import { readWrittenCsv } from '../formats/read-written-csv.ts';
import { type CommandDirectory, commandDirectory } from './directory.ts';
import { run, type Running } from './run-tapline.ts';

const recording = `time (s),a,b\n${Array.from({ length: 200 }, (_, i) => `${i / 100},${Math.fround(Math.sin(i))},${i % 7}`).join('\n')}\n`;

let commands: CommandDirectory;
let directory: string;
beforeEach(async () => {
  commands = await commandDirectory();
  directory = commands.path;
  await writeFile(join(directory, 'recording.csv'), recording);
});
afterEach(() => commands.remove());

const tapline = (...args: string[]) => commands.start(...args);

/** A server of its own port; its process and its WebSocket address. */
async function serve(...args: string[]): Promise<{ server: Running; address: string }> {
  const server = tapline('serve', '--port', '0', ...args);
  const [, address] = await server.prints(/Tapline is running at http(:\/\/127\.0\.0\.1:\d+)\n/);
  return { server, address: `ws${address}` };
}

/** The streams of a server as soon as these have brought so many frames. */
async function streams(address: string, names: string[], frames: number): Promise<StreamInfo[]> {
  let infos: StreamInfo[] = [];
  const messages = connect(`${address}/watch`, { parse: parseWatch }).pipe(
    tap((message) => {
      if (message.type === 'streams') infos = message.streams;
    }),
    filter((message) => message.type === 'health'),
    filter(({ streams }) =>
      names.every((name) => streams.some((health) => health.name === name && health.received >= frames)),
    ),
    timeout(30_000),
  );
  await firstValueFrom(messages);
  return infos;
}

/** Resolves when the file holds at least so many lines. */
function grown(path: string, lines: number): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!existsSync(path) || readFileSync(path, 'utf8').split('\n').length <= lines) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(directory, look);
    look();
  });
}

const samplesOf = (text: string) => readCsv(text, { rate: 100 }).blocks.flatMap((block) => [...block.data]);

describe('tapline', () => {
  test('a recording that is replayed to a server and recorded again is equal, bit for bit', async () => {
    const { address } = await serve('--no-state');
    const replay = () =>
      run(['replay', 'recording.csv', '--to', address, '--stream', 'x', '--speed', 'max'], directory);
    expect(await replay()).toEqual({ code: 0, stdout: '', stderr: `Sent 200 frames to ${address}/ingest/x\n` });
    const record = tapline('record', 'x', '-o', 'out.csv', '--from', address, '--seconds', '2');
    await record.prints(/Recording x to out\.csv\. Press Ctrl-C to stop\.\n/);
    await replay();
    expect(await record.ended).toBe(0);
    expect(record.stderr()).toContain('Wrote 200 frames of x to out.csv\n');
    const { preamble, frames } = readWrittenCsv(await readFile(join(directory, 'out.csv'), 'utf8'));
    expect(preamble).toEqual({ rate: 100, channels: [{ label: 'a' }, { label: 'b' }] });
    expect(frames.flatMap(({ samples }) => samples)).toEqual(samplesOf(recording));
  });

  test('a recording that starts before its stream contains all frames, and an irregular stream keeps its times', async () => {
    const { address } = await serve('--no-state');
    const times = [0, 0.1, 0.1, 0.25, 0.6, 0.7, 1.4, 1.5];
    await writeFile(join(directory, 'uneven.csv'), `time (s),u\n${times.map((time, i) => `${time},${i}\n`).join('')}`);
    const record = tapline('record', 'x', '-o', 'x.csv', '--from', address, '--seconds', '2');
    const uneven = tapline('record', 'uneven', '-o', 'u.csv', '--from', address, '--seconds', '4');
    await Promise.all([record.prints(/Waiting for stream x/), uneven.prints(/Waiting for stream uneven/)]);
    await run(['replay', 'uneven.csv', '--to', address], directory);
    await run(['replay', 'recording.csv', '--to', address, '--stream', 'x', '--speed', 'max'], directory);
    expect(await record.ended).toBe(0);
    expect(record.stderr()).toContain('Wrote 200 frames of x to x.csv\n');
    expect(await uneven.ended).toBe(0);
    const { blocks, frames, irregular } = readCsv(readFileSync(join(directory, 'u.csv'), 'utf8'));
    expect({ frames, irregular }).toEqual({ frames: times.length, irregular: true });
    const read = blocks.flatMap(({ time, data }) => [...data].map(() => (time - blocks[0].time) / 1000));
    read.forEach((time, i) => {
      expect(time).toBeCloseTo(times[i], 2);
    });
  });

  test('a served network is a feature map of its stream and equals the output of apply', async () => {
    await run(['learn', 'recording.csv', '-o', 'learned.safetensors', '--taps', '4'], directory);
    await run(['apply', 'learned.safetensors', 'recording.csv', '-o', 'applied.csv'], directory);
    const { address } = await serve('--no-state', '--network', 'x=learned.safetensors');
    const replay = () =>
      run(['replay', 'recording.csv', '--to', address, '--stream', 'x', '--speed', 'max'], directory);
    await replay();
    const [{ maps }] = await streams(address, ['x'], 200);
    const map = maps.findIndex(({ name }) => name === 'learned.safetensors');
    expect(maps[map].labels).toEqual(['a', 'b']);
    const messages = watchStream(`${address}/watch`, { stream: 'x', what: ['features'] });
    const served: number[] = [];
    await firstValueFrom(
      messages.pipe(
        tap((message) => void (message.type === 'subscribed' && replay())),
        tap((message) => {
          if (message.type === 'block' && message.map === map) served.push(...message.block.data);
        }),
        filter(() => served.length >= 400),
        timeout(30_000),
      ),
    );
    // tapline apply writes NaN for the start-up of the 4 taps
    const applied = samplesOf(await readFile(join(directory, 'applied.csv'), 'utf8'));
    expect(applied).toEqual([...new Array<number>(6).fill(NaN), ...served.slice(6)]);
  });

  test('the events of a replayed recording are published at their frames', async () => {
    const { address } = await serve('--no-state');
    const tals = [
      list('+0', ['']) + list('+0.25', ['eyes closed'], '1.5'),
      list('+1', ['']) + list('+1.75', ['x'.repeat(100), '🙂']),
    ];
    const signal = { label: 'Oz', records: [0, 1].map((record) => new Array<number>(100).fill(record)) };
    await writeFile(join(directory, 'eeg.edf'), encodeEdf({ signals: [signal, annotations(tals, 160)] }));
    const replay = await run(['replay', 'eeg.edf', '--to', address, '--speed', 'max'], directory);
    expect(replay).toEqual({ code: 0, stdout: '', stderr: `Sent 200 frames to ${address}/ingest/eeg\n` });
    const marks = watchStream(`${address}/watch`, { stream: 'eeg', what: ['marks'] }).pipe(
      filter((message) => message.type === 'mark'),
      map(({ at, label, frames }) => ({ at, label, frames })),
      take(3),
      toArray(),
      timeout(30_000),
    );
    expect(await firstValueFrom(marks)).toEqual([
      { at: 25, label: 'eyes closed', frames: 150 },
      { at: 175, label: `${'x'.repeat(63)}…`, frames: undefined },
      { at: 175, label: '🙂', frames: undefined },
    ]);
    expect((await streams(address, ['eeg'], 200))[0]).toMatchObject({ channels: [{ label: 'Oz', unit: 'µV' }] });
  });

  test('labels, units, kind, and events of a recorded stream survive', async () => {
    const { address } = await serve('--no-state');
    const record = tapline('record', 'x', '-o', 'x.csv', '--from', address, '--seconds', '2');
    await record.prints(/Waiting for stream x/);
    const channels = [
      { label: '=1+1, "a"\n', unit: 'm/s²' },
      { label: 'time', unit: '' },
    ];
    const socket = new WebSocket(`${address}/ingest/x`);
    const send = (message: object) => socket.send(JSON.stringify(message));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    send({ type: 'hello', rate: 2, channels, kind: 'skin = "conductance"' });
    await record.prints(/Recording x to x\.csv/);
    const time = Date.UTC(2025, 2, 1, 12);
    send({ type: 'mark', at: 2, label: '@later\t', frames: 3 });
    send({
      type: 'samples',
      start: 0,
      time,
      data: [
        [1, 3],
        [2, null],
      ],
    });
    send({ type: 'mark', at: 1, label: "'now'" });
    send({
      type: 'samples',
      start: 2,
      time: time + 1000,
      data: [
        [5, 7],
        [6, 8],
      ],
    });
    send({ type: 'mark', at: 3, label: 'last' });
    expect(await record.ended).toBe(0);
    socket.close();
    expect(record.stderr()).toContain('Wrote 4 frames and 3 events of x to x.csv\n');
    const { preamble, frames, events } = readWrittenCsv(await readFile(join(directory, 'x.csv'), 'utf8'));
    expect(preamble).toEqual({ kind: 'skin = "conductance"', rate: 2, channels: [channels[0], { label: 'time' }] });
    expect(frames).toEqual([
      { time, samples: [1, 2] },
      { time: time + 500, samples: [3, NaN] },
      { time: time + 1000, samples: [5, 6] },
      { time: time + 1500, samples: [7, 8] },
    ]);
    expect([...events].sort((a, b) => a.time - b.time)).toEqual([
      { time: time + 500, label: "'now'" },
      { time: time + 1000, label: '@later\t', duration: 1500 },
      { time: time + 1500, label: 'last' },
    ]);
  });

  test('a recording ends before the units of its stream change', async () => {
    const { address } = await serve('--no-state');
    const record = tapline('record', 'x', '-o', 'x.csv', '--from', address);
    await record.prints(/Waiting for stream x/);
    const publish = (unit: string) => {
      const socket = new WebSocket(`${address}/ingest/x`);
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'hello', rate: 2, channels: [{ label: 'a', unit }] })),
      );
      return socket;
    };
    const first = publish('mV');
    await record.prints(/Recording x to x\.csv/);
    first.close();
    publish('V');
    expect(await record.ended).toBe(2);
    expect(record.stderr()).toContain(
      'x changed to a (V) at 2 Hz; the recording ends before the change. Record to another file.\n',
    );
  });

  test('a recorder that is killed leaves complete lines, and the next one appends to them', async () => {
    const { address } = await serve('--no-state');
    const path = join(directory, 'host.csv');
    const first = tapline('record', 'host', '-o', 'host.csv', '--from', address);
    await first.prints(/Waiting for stream host\.\n/);
    tapline('simulate', 'host', '--rate', '50', '--to', address);
    await grown(path, 10);
    first.process.kill('SIGKILL');
    await first.ended;
    const killed = await readFile(path, 'utf8');
    await writeFile(path, `${killed}2020-01-01T00:0`);
    const again = tapline('record', 'host', '-o', 'host.csv', '--from', address);
    await grown(path, killed.split('\n').length + 5);
    again.process.kill('SIGINT');
    expect(await again.ended).toBe(0);
    expect(again.stderr()).toMatch(/Wrote \d+ frames of host to host\.csv\n$/);
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines[0]).toMatch(/^# tapline: \{/);
    const columns = lines[1].split(',').length;
    expect(lines.slice(1).every((line) => line.split(',').length === columns)).toBe(true);
    expect(lines.filter((line) => line.startsWith('time,'))).toHaveLength(1);
    expect(lines.join('\n')).toContain(killed.trimEnd());
  });

  test('serve --demo publishes the headset, its ground truth, and the metrics of this computer; Ctrl-C saves the weights and exits with 0', async () => {
    const { server, address } = await serve('--demo', '--state', 'state');
    const infos = await streams(address, ['headset', 'headset.alpha', 'host'], 10);
    expect(infos.find(({ name }) => name === 'headset.alpha')?.for).toBe('headset');
    server.process.kill('SIGINT');
    expect(await server.ended).toBe(0);
    const kept = await readdir(join(directory, 'state'));
    expect(kept.some((file) => file.startsWith('headset~') && file.endsWith('.safetensors'))).toBe(true);
  });

  test('simulate publishes under a free name and prints it', async () => {
    const { address } = await serve('--no-state');
    const first = tapline('simulate', 'host', '--to', address);
    await first.prints(/Publishing host to ws:.*\/ingest\/host\. Press Ctrl-C to stop\.\n/);
    const second = tapline('simulate', 'host', '--to', address);
    await second.prints(/Publishing host-2 to ws:.*\/ingest\/host-2\. Press Ctrl-C to stop\.\n/);
    await streams(address, ['host', 'host-2'], 2);
    second.process.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  test('serve --host 0.0.0.0 prints addresses that can be opened, and a warning', async () => {
    const server = tapline('serve', '--no-state', '--port', '0', '--host', '0.0.0.0');
    const [, url] = await server.prints(/Tapline is running at (http:\/\/127\.0\.0\.1:\d+)\n/);
    expect((await fetch(`${url}/healthz`)).ok).toBe(true);
    await server.prints(/^Warning: anyone who can reach this computer .* can publish, watch, and control/);
    expect(server.stdout()).not.toContain('0.0.0.0:');
    expect(server.stderr()).toContain('no authentication and no TLS');
  });

  test('serve --demo steps back for a sensor named headset, reports it in one line, and continues when it leaves', async () => {
    const { server, address } = await serve('--demo', '--no-state');
    await streams(address, ['headset', 'headset.alpha', 'host'], 10);
    const simulated = tapline('simulate', 'eeg', '--to', address, '--stream', 'headset', '--rate', '200');
    const rateOf = async (rate: number) => {
      for (;;) {
        const infos = await streams(address, ['headset'], 1);
        if (infos.some((info) => info.name === 'headset' && info.live && info.rate === rate)) return;
      }
    };
    await rateOf(200);
    await expect
      .poll(() => server.stderr())
      .toMatch(/Another device publishes "headset"\. Waiting until the name is free\.\n/);
    simulated.process.kill('SIGINT');
    expect(await simulated.ended).toBe(0);
    await rateOf(250);
    server.process.kill('SIGINT');
    expect(await server.ended).toBe(0);
    expect(server.stderr().match(/Another device publishes "headset"\./g)).toHaveLength(1);
    expect(server.stderr()).not.toMatch(/replaced/);
  });

  test('a port in use, a rejected path, and a file with other columns exit with one sentence and code 2', async () => {
    const { address } = await serve('--no-state');
    const taken = await run(['serve', '--no-state', '--port', new URL(address).port], directory);
    expect(taken).toMatchObject({ code: 2, stdout: '' });
    expect(taken.stderr).toMatch(/^tapline: port \d+ on 127\.0\.0\.1 is already in use\. .* --port\.\n$/);

    for (const [option, wrong, sentence] of [
      ['false-alarms', 'often', /^tapline: --false-alarms must be a count per second.*, got 'often'/],
      ['webhook', 'nowhere', /^tapline: --webhook must be .*, got text that is not a URL\n$/],
      ['network', 'x', /^tapline: --network must be <stream>=<file>, .*, got 'x'\n$/],
      ['network', 'x=none.safetensors', /^tapline: none\.safetensors: file not found\n$/],
    ] as const) {
      const rejected = await run(['serve', '--no-state', '--port', '0', `--${option}`, wrong], directory);
      expect(rejected).toMatchObject({ code: 2, stdout: '' });
      expect(rejected.stderr).toMatch(sentence);
    }

    const lost = await run(['replay', 'recording.csv', '--to', `${address}/nowhere`], directory);
    expect(lost).toMatchObject({ code: 2, stdout: '' });
    expect(lost.stderr).toMatch(/^tapline: .*\/ingest\/.*\n$/);

    const x = ['--to', address, '--stream', 'x'];
    await run(['replay', 'recording.csv', '--speed', 'max', ...x], directory);
    await writeFile(join(directory, 'other.csv'), 'a,b,c\n1,2,3\n');
    const other = await run(['record', 'x', '-o', 'other.csv', '--from', address], directory);
    expect(other).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'tapline: other.csv: the file exists, but its channels, units, or sampling rate differ, or an earlier version wrote it. Choose another file.\n',
    });
    expect(await readFile(join(directory, 'other.csv'), 'utf8')).toBe('a,b,c\n1,2,3\n');
    await writeFile(join(directory, 'old.csv'), 'time,a,b\n2025-03-01T12:00:00.000000Z,1,2\n');
    const old = await run(['record', 'x', '-o', 'old.csv', '--from', address], directory);
    expect(old.stderr).toContain('an earlier version wrote it');
  });

  test('a replay waits for a server that has not started, and Ctrl-C ends it', async () => {
    const replay = tapline('replay', 'recording.csv', '--to', 'ws://127.0.0.1:9', '--loop');
    await replay.prints(
      /no connection to ws:\/\/127\.0\.0\.1:9\/ingest\/recording \(.*\)\. Retrying; press Ctrl-C to stop\.\n/,
    );
    replay.process.kill('SIGINT');
    expect(await replay.ended).toBe(0);
    expect(replay.stderr()).toMatch(/Sent 0 frames to .* before it was stopped\n$/);
  });
});
