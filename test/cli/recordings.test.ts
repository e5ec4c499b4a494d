import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCsv } from '../../src/formats/index.ts';
import { type CommandDirectory, commandDirectory } from './directory.ts';
import { run } from './run-tapline.ts';

const recording = `time (s),a,b\n${Array.from({ length: 500 }, (_, i) => `${i / 100},${Math.fround(Math.sin(i))},${i % 7}`).join('\n')}\n`;
const bits = (text: string) => readCsv(text).blocks.flatMap(({ data }) => [...new Uint32Array(data.slice().buffer)]);

let commands: CommandDirectory;
let directory: string;
beforeEach(async () => {
  commands = await commandDirectory();
  directory = commands.path;
  await writeFile(join(directory, 'recording.csv'), recording);
});
afterEach(() => commands.remove());

const tapline = (...args: string[]) => run(args, directory);

test('a stream is recorded by the server, exported, replayed out of the store, and erased, bit for bit', async () => {
  const server = commands.start('serve', '--port', '0', '--fsync', 'never');
  const [, address] = await server.prints(/Tapline is running at http(:\/\/127\.0\.0\.1:\d+)\n/);
  const url = `ws${address}`;
  const tail = commands.start('tail', 'x', '--from', url, '--json', '-n', '500');
  await tail.prints(/Waiting for stream x/);
  await tapline('replay', 'recording.csv', '--url', url, '--stream', 'x', '--speed', 'max');
  expect(await tail.ended).toBe(0);
  const frames = tail
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; index: number; samples: number[] });
  expect(frames.map(({ index }) => index)).toEqual(frames.map((_, i) => i));
  const original = bits(recording);
  expect([...new Uint32Array(Float32Array.from(frames.flatMap(({ samples }) => samples)).buffer)]).toEqual(original);

  // the server writes recordings at intervals: export again until all frames are in the file
  const exportedText = async () => {
    const { code } = await tapline('export', 'x', '-o', 'x.csv');
    return code === 0 ? readFile(join(directory, 'x.csv'), 'utf8') : recording.slice(0, recording.indexOf('\n') + 1);
  };
  let exported = await exportedText();
  while (!exported.startsWith('# ') || bits(exported).length < original.length) exported = await exportedText();
  expect(bits(exported)).toEqual(original);

  const replayed = await tapline('replay', '--stream', 'x', '--from', '1h', '--url', url, '--speed', 'max');
  expect(replayed).toEqual({ code: 0, stdout: '', stderr: `Sent 500 frames to ${url}/ingest/x-replay\n` });
  const locked = await tapline('erase', 'x');
  expect(locked).toMatchObject({
    code: 2,
    stderr: `tapline: the server with process ID ${server.process.pid} uses .tapline. Set its address with --server, such as --server http://127.0.0.1:8080, or stop it.\n`,
  });
  const web = `http${address}`;
  expect(await tapline('erase', 'x', '--server', web)).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Erased the recording of x\n',
  });
  expect(await tapline('erase', 'x', '--server', url)).toEqual({
    code: 2,
    stdout: '',
    stderr: `tapline: ${web}: stream must be a recorded stream, got 'x'\n`,
  });
  expect(existsSync(join(directory, '.tapline/recordings/x'))).toBe(false);
  server.process.kill('SIGINT');
  expect(await server.ended).toBe(0);

  await tapline('export', 'x-replay', '-o', 'replay.csv');
  expect(bits(await readFile(join(directory, 'replay.csv'), 'utf8'))).toEqual(original);
  expect((await tapline('erase', 'x')).stderr).toMatch(/^tapline: stream x is not recorded in .*: x-replay\.\n$/);
  expect(await tapline('erase', 'x-replay')).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Erased the recording of x-replay\n',
  });
  expect(existsSync(join(directory, '.tapline/recordings/x-replay'))).toBe(false);
  expect(existsSync(join(directory, '.tapline/lock'))).toBe(false);
}, 120_000);

test.each([
  [['replay'], /<input> or --stream is required/],
  [['replay', 'recording.csv', '--from', '2h'], /--from requires a recorded stream/],
  [
    ['replay', '--stream', 'x', '--to', 'noon'],
    /--to must be a time such as .*, got 'noon'\. Set the server with --url/,
  ],
  [['replay', '--stream', 'x'], /contains no recordings/],
  [['tail', 'a b'], /stream name must be/],
  [['erase', 'x'], /stream x is not recorded in/],
  [['erase', 'x', '--server', 'ftp://x'], /--server must be a server address/],
  [['erase', 'x', '--server', '127.0.0.1:9'], /no server answers at http:\/\/127\.0\.0\.1:9/],
])('%j is rejected', async (args, error) => {
  const { code, stderr } = await tapline(...args);
  expect(stderr).toMatch(error);
  expect(code).toBe(2);
});
