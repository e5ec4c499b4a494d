import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AlarmMessage } from '../../src/protocol/index.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { is, type World, world } from '../server/peer.ts';
import { type CommandDirectory, commandDirectory } from './directory.ts';

let w: World;
let directory: CommandDirectory;
beforeEach(async () => {
  w = await world({ alarms: { falseAlarms: 1e5 } });
  directory = await commandDirectory();
});
afterEach(async () => {
  await directory.remove();
  await w.stop();
});

const tail = (...args: string[]) => directory.start('tail', '--from', w.server.url, ...args);

test('--features prints the rows of a feature map with their labels, as a viewer receives them', async () => {
  const sensor = await w.sensor('mill?rate=50&channels=a,b');
  const viewer = await w.viewer();
  await viewer.until((message) => message.type === 'streams' && message.streams.length > 0);
  const [{ maps }] = w.server.streams();
  const [{ name, labels, index }] = maps;
  viewer.send({ type: 'subscribe', id: 1, stream: 'mill', what: ['features'], maxHz: 1000 });
  await viewer.until(is('subscribed'));
  const csv = tail('mill', '--features', '-n', '40');
  const json = tail('mill', '--features', '--map', name, '--json', '-n', '40');
  const frames = 25;
  let from = 0;
  const publishing = setInterval(() => {
    const row = (scale: number) => Array.from({ length: frames }, (_, i) => scale * Math.sin((from + i) / 3));
    sensor.send({ type: 'samples', start: from, time: 1_700_000_000_000 + 20 * from, data: [row(1), row(2)] });
    from += frames;
  }, 50);
  expect([await csv.ended, await json.ended]).toEqual([0, 0]);
  clearInterval(publishing);

  const expected = new Map<number, { time: number; samples: number[] }>();
  for (const message of viewer.messages) {
    if (message.type !== 'block' || message.kind !== 'features' || message.map !== index) continue;
    const { start, data, channels, time, rate, valid } = message.block;
    for (let f = 0; f < data.length / channels; f++) {
      const samples = [...data.subarray(f * channels, (f + 1) * channels)];
      const shown = valid && valid[f] === 0 ? samples.map(() => NaN) : samples;
      expected.set(start + f, { time: time + (f * 1000) / rate, samples: shown });
    }
  }
  const rows = json
    .stdout()
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { index: number; time: number; map: string; values: Record<string, number | null> },
    );
  expect(rows).toHaveLength(40);
  rows.forEach((row, i) => {
    expect(row).toMatchObject({ type: 'features', map: name, index: rows[0].index + i });
    const { time, samples } = expected.get(row.index)!;
    expect(row.time).toBeCloseTo(time, 6);
    expect(Object.keys(row.values)).toEqual(labels);
    expect(Object.values(row.values).map((value) => Math.fround(value ?? NaN))).toEqual(samples);
  });
  const lines = csv.stdout().trim().split('\n');
  expect(lines[0]).toBe(['time', ...labels].join(','));
  expect(lines).toHaveLength(41);
  const times = new Map([...expected.values()].map(({ time, samples }) => [Math.round(time), samples]));
  for (const line of lines.slice(1)) {
    const [time, ...cells] = line.split(',');
    expect(cells.map((cell) => Math.fround(Number(cell)))).toEqual(times.get(Date.parse(time)));
  }
});

test('--features rejects the name of a map that the stream does not have', async () => {
  await w.sensor('mill?rate=50&channels=a,b');
  const wrong = tail('mill', '--features', '--map', 'none');
  expect(await wrong.ended).toBe(2);
  expect(wrong.stderr()).toMatch(/^tapline: --map must be one of .+, got 'none'\n$/);
});

test('--alarms prints each change of an alarm, of all streams or of one', async () => {
  const all = tail('--alarms', '-n', '2');
  const one = tail('mill', '--alarms', '--json', '-n', '2');
  const other = tail('pump', '--alarms');
  for (const each of [all, one, other]) await each.prints(/Press Ctrl-C to stop/);
  const viewer = await w.viewer();
  viewer.send({ type: 'alarms', on: true });
  await viewer.until(is('alarms'));
  // the second channel jumps at frame 650
  const data = noise(660, 2, (t, c, x) => (t === 650 && c === 1 ? x + 200 : x));
  const sensor = await w.sensor('mill?rate=10&channels=a,b');
  sensor.send({ type: 'samples', data: [0, 1].map((c) => Array.from({ length: 660 }, (_, t) => data[2 * t + c])) });
  const { alarm } = await viewer.until(is('alarm'));
  viewer.send({ type: 'alarm', alarm: alarm.id, do: 'acknowledge' });
  expect([await all.ended, await one.ended]).toEqual([0, 0]);
  const received = viewer.messages.filter((message): message is AlarmMessage => message.type === 'alarm');
  const printed = one.stdout().trim().split('\n');
  expect(printed.map((line) => JSON.parse(line) as unknown)).toEqual(received.slice(0, 2));
  const [header, ...rows] = all.stdout().trim().split('\n');
  expect(header).toBe('time,alarm,step,state,kind,streams,channels');
  expect(rows.map((row) => row.split(',').slice(0, 6))).toEqual(
    received
      .slice(0, 2)
      .map(({ time, step, alarm: { id, state, kind } }) => [
        new Date(time).toISOString(),
        String(id),
        step,
        state,
        kind,
        'mill',
      ]),
  );
  expect(rows[0]).toMatch(/,raised,raised,unusual,mill,"?mill: b/);
  other.process.kill('SIGINT');
  expect(await other.ended).toBe(0);
  expect(other.stdout()).toBe('');
});

test.each([
  [['mill', '--features', '--alarms'], '--alarms and --features cannot be combined'],
  [['mill', '--map', 'x'], '--map requires --features'],
  [[], 'the name of a stream is required without --alarms'],
])('%j is rejected', async (args, sentence) => {
  const rejected = tail(...args);
  expect(await rejected.ended).toBe(2);
  expect(rejected.stderr()).toBe(`tapline: ${sentence}\n`);
});
