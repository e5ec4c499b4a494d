import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import type { NetworkSpec } from '../../src/core/network/network-spec.ts';
import { plan } from '../../src/core/network/plan.ts';
import { readCsv, readRecording } from '../../src/formats/index.ts';
import { annotations, encodeEdf, list } from '../formats/encode-edf.ts';
import { run } from './run-tapline.ts';

const spec: NetworkSpec = {
  inChannels: 2,
  layers: [
    { type: 'conv1d', outChannels: 3, kernelSize: 5, stride: 2 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 1, kernelSize: 4 },
  ],
};
const network = Network.create(spec, { seed: 3 });
const recording = `time (s),a,b\n${Array.from({ length: 50 }, (_, i) => `${i / 100},${Math.fround(Math.sin(i))},${i % 7}`).join('\n')}\n`;

const longSpec: NetworkSpec = { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 8, kernelSize: 512 }] };
const longRecording = `time (s),a,b\n${Array.from({ length: 4000 }, (_, i) => `${i / 100},${Math.sin(i * i)},${i % 7}`).join('\n')}\n`;

/** Two channels at 50 Hz, and one of 2 Hz. */
const night = encodeEdf({
  duration: 0.5,
  signals: [
    {
      label: 'a',
      physical: [-1, 1],
      records: [0, 1].map((record) => Array.from({ length: 25 }, (_, i) => 99 * i - 700 * record)),
    },
    {
      label: 'b',
      physical: [-1, 1],
      records: [0, 1].map((record) => Array.from({ length: 25 }, (_, i) => 3 * i * record)),
    },
    { label: 'Temp', unit: 'degC', records: [[37], [38]] },
  ],
});
const hypnogram = encodeEdf({ duration: 0, signals: [annotations([list('+0', ['', 'W']) + list('+30', ['N1'])], 40)] });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await writeFile(join(directory, 'network.json'), JSON.stringify(spec));
  await writeFile(join(directory, 'long.json'), JSON.stringify(longSpec));
  await writeFile(join(directory, 'long.csv'), longRecording);
  await writeFile(join(directory, 'network.safetensors'), network.save());
  await writeFile(join(directory, 'recording.csv'), recording);
  await writeFile(join(directory, 'night.edf'), night);
  await writeFile(join(directory, 'hypnogram.edf'), hypnogram);
  await writeFile(
    join(directory, 'broken.json'),
    '{"inChannels": 2, "layers": [{"type": "conv1d", "outChannels": 0, "kernelSize": 3}]}',
  );
  await writeFile(join(directory, 'no.json'), 'hello');
  await writeFile(join(directory, 'cut.json'), '{"inChannels": 2,\n"layers": [["relu"}\n');
  await writeFile(join(directory, 'pool.json'), '{"inChannels": 2, "layers": [{"type": "avgPool", "kernelSize": 2}]}');
});
afterAll(() => rm(directory, { recursive: true }));

describe.concurrent('tapline plan', () => {
  test('prints one line per layer and a total', async () => {
    const { code, stdout, stderr } = await run(['plan', 'network.json', '--rate', '250'], directory);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/ {2,}/)[0])).toEqual([
      ...['layer', '0', '1', '2', 'total', ''],
      expect.stringMatching(
        /^Memory: [\d,]+ bytes for weights; [\d,]+ bytes per stream, [\d,]+ bytes when learning\.$/,
      ),
      expect.stringMatching(/^Eager mode: \d+ of \d+ multiply-adds remain when a frame arrives\.$/),
      'FFT: not faster for any layer.',
    ]);
    expect(lines[4]).toContain('125 Hz');
    expect(lines[4]).toContain(`${plan(spec, 250).receptiveField} frames`);
  });

  test('prints the block size from which an FFT is faster', async () => {
    const { stdout } = await run(['plan', 'network.json'], directory);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('FFT: not faster for any layer.');
    const { stdout: long } = await run(['plan', 'long.json'], directory);
    const { fftBytes, layers } = plan(longSpec);
    const [from, bytes] = [layers[0].fftFrom!, fftBytes].map((n) => n.toLocaleString('en'));
    expect(long.trimEnd().split('\n').at(-1)).toBe(
      `FFT: faster for layer 0 from ${from} outputs per block; uses ${bytes} bytes per stream.`,
    );
  });

  test('--json prints the plan as JSON', async () => {
    const { stdout } = await run(['plan', 'network.safetensors', '--rate', '250', '--json'], directory);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(plan(spec, 250))));
  });
});

describe.concurrent('tapline apply', () => {
  test('writes the outputs of the network, bit for bit', async () => {
    const { code, stderr } = await run(['apply', 'network.safetensors', 'recording.csv', '-o', 'out.csv'], directory);
    expect([code, stderr]).toEqual([0, 'Wrote 25 frames of 1 feature map to out.csv\n']);
    const text = await readFile(join(directory, 'out.csv'), 'utf8');
    expect(text.split('\n')[0]).toBe('time,map 1');
    const out = readCsv(text).blocks.flatMap((block) => [...block.data]);
    const frames = readCsv(recording).blocks.flatMap((block) => [...block.data]);
    expect(out).toEqual([...network.apply(frames)]);
  });

  test('reads EDF and lists the signals that it skipped', async () => {
    const { code, stderr } = await run(['apply', 'network.safetensors', 'night.edf', '-o', 'night.csv'], directory);
    const note = 'Skipped signals with another sampling rate: Temp (2 Hz).';
    expect([code, stderr]).toEqual([
      0,
      `night.edf: ${note}\nnight.edf: Use --columns to select other columns.\nWrote 25 frames of 1 feature map to night.csv\n`,
    ]);
    const out = readCsv(await readFile(join(directory, 'night.csv'), 'utf8'), { rate: 25 });
    const frames = readRecording(night).blocks.flatMap((block) => [...block.data]);
    expect(out.blocks.flatMap((block) => [...block.data])).toEqual([...network.apply(frames)]);
  });

  test('--fft computes long kernels by FFT, with nearly the same results', async () => {
    const samples = (text: string) => readCsv(text).blocks.flatMap((block) => [...block.data]);
    const [exact, fast] = await Promise.all(
      [[], ['--fft']].map((more) => run(['apply', 'long.json', 'long.csv', ...more], directory)),
    );
    expect([exact.code, fast.code]).toEqual([0, 0]);
    const [direct, byFft] = [samples(exact.stdout), samples(fast.stdout)];
    expect(byFft).not.toEqual(direct);
    expect(byFft.length).toBe(direct.length);
    const largest = Math.max(...direct.map(Math.abs));
    expect(Math.max(...direct.map((y, i) => Math.abs(y - byFft[i])))).toBeLessThan(1e-5 * largest);
  });

  test('reports that weights are random if the network has any', async () => {
    const note = async (file: string) => (await run(['apply', file, 'recording.csv'], directory)).stderr;
    expect(await note('network.json')).toBe(
      'network.json: The spec contains no weights. Random weights were used (seed 1).\n',
    );
    expect(await note('pool.json')).toBe('');
    expect(await note('network.safetensors')).toBe('');
  });

  test('writes to standard output with the given labels', async () => {
    const { code, stdout } = await run(['apply', 'network.json', 'recording.csv', '--labels', 'envelope'], directory);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('time,envelope');
    expect(stdout.split('\n')).toHaveLength(27);
  });
});

describe.concurrent('wrong input is one sentence on stderr and exit code 2', () => {
  test.each([
    [['plan', 'none.json'], 'tapline: none.json: file not found\n'],
    [['plan', 'recording.csv'], 'tapline: recording.csv: a network must be a .json spec or a .safetensors file\n'],
    [['plan', 'broken.json'], /^tapline: broken\.json: .*outChannels must be an integer >= 1, got 0\n$/],
    [['plan', 'no.json'], /^tapline: no\.json: .*JSON.*\n$/],
    [['plan', 'cut.json'], /^tapline: cut\.json: not valid JSON at line 2, column 19: .+\n$/],
    [['plan', 'network.json', '--rate', 'fast'], /^tapline: --rate must be a number > 0 in Hz, got 'fast'\n$/],
    [['plan'], "tapline: missing required argument 'network'\nRun 'tapline plan --help' for usage.\n"],
    [['dance'], /^tapline: unknown command 'dance'\nRun 'tapline --help' for usage\.\n$/],
    [['apply', 'network.json', 'none.csv'], /^tapline: none\.csv: .*\n$/],
    [
      ['apply', 'network.json', 'recording.csv', '--columns', 'a'],
      'tapline: network.json has 2 input channels, but recording.csv has 1 channel. Select channels with --columns.\n',
    ],
    [
      ['apply', 'network.json', 'hypnogram.edf'],
      'tapline: hypnogram.edf: the recording contains 2 events and no samples\n',
    ],
    [['replay', 'hypnogram.edf'], 'tapline: hypnogram.edf: the recording contains 2 events and no samples\n'],
    [
      ['apply', 'network.json', 'recording.csv', '--labels', 'a,b'],
      'tapline: --labels must be 1 name, one per feature map, got 2\n',
    ],
    [
      ['apply', 'network.json', 'recording.csv', '-o', 'no/where.csv'],
      'tapline: no/where.csv: the directory does not exist\n',
    ],
    [['apply', 'network.json', 'recording.csv', '-o', '.'], 'tapline: .: this is a directory, not a file\n'],
    [
      ['apply', 'network.json', 'recording.csv', '-o', './recording.csv'],
      'tapline: ./recording.csv: this file is the input. Choose another output file.\n',
    ],
    [
      ['replay', 'recording.csv', '--to', 'ftp://x'],
      /^tapline: --to must be a server address such as .*, got 'ftp:\/\/x'\n$/,
    ],
    [['serve', '--workers', 'all'], /^tapline: --workers must be an integer from 0 to 64, or 'auto', got 'all'\n$/],
    [['replay', 'recording.csv', '--stream', 'a b'], /^tapline: stream name must be .*, got 'a b'\n$/],
    [['replay', 'recording.csv', '--speed', '0'], /^tapline: --speed must be a number > 0, or 'max', got '0'\n$/],
    [['record', 'x', '-o', 'no/x.csv'], 'tapline: no/x.csv: the directory does not exist\n'],
    [['record', 'a b', '-o', 'x.csv'], /^tapline: stream name must be .*, got 'a b'\n$/],
    [
      ['serve', '--port', '0', '--state', 'recording.csv'],
      /^tapline: --state must be a writable directory, got recording\.csv: it is a file/,
    ],
    [
      ['record', 'x'],
      "tapline: required option '-o, --output <file>' not specified\nRun 'tapline record --help' for usage.\n",
    ],
    [['simulate', 'sheep'], /^tapline: <sensor> must be one of eeg, host, got 'sheep'\n$/],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr } = await run(args, directory);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (typeof sentence === 'string') expect(stderr).toBe(sentence);
    else expect(stderr).toMatch(sentence);
    expect(
      stderr
        .replace(/Run 'tapline.* --help' for usage\.\n$/, '')
        .trimEnd()
        .split('\n'),
    ).toHaveLength(1);
  });
});

describe.concurrent('help', () => {
  test.each(['serve', 'simulate', 'replay', 'record', 'inspect', 'apply', 'plan'])(
    'of %s ends with an example',
    async (command) => {
      const { code, stdout, stderr } = await run([command, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`\\nExample:\\n  tapline ${command} .+\\n$`));
    },
  );

  test.each(['replay', 'inspect', 'apply', 'learn', 'detect'])('of %s describes the CSV format', async (command) => {
    expect((await run([command, '--help'])).stdout).toContain('the times are detected');
  });

  test('lists every command; --version prints the version of the package', async () => {
    const { stdout } = await run(['--help']);
    for (const command of ['serve', 'simulate', 'replay', 'record', 'inspect', 'apply', 'plan'])
      expect(stdout).toContain(`  ${command} `);
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect((await run(['--version'])).stdout).toBe(`${manifest.version}\n`);
  });
});
