import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { Network } from '../../src/core/network/network.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

const [frames, taps] = [400, 4];
const slow = (seed: number) => {
  let level = 0;
  return noise(seed, frames).map((step) => (level = 0.95 * level + step));
};
const samples = { x: slow(1), y: slow(2), z: slow(3) };
type Name = keyof typeof samples;

let directory: string;
const at = (name: string) => join(directory, name);
const write = (file: string, names: readonly Name[], labels: readonly string[] = names, rate = 100) => {
  const rows = Array.from({ length: frames }, (_, t) => [t / rate, ...names.map((name) => samples[name][t])].join());
  return writeFile(at(file), `time (s),${labels.join()}\n${rows.join('\n')}\n`);
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await write('trained.csv', ['x', 'y']);
  await write('turned.csv', ['z', 'y', 'x']);
  await write('renamed.csv', ['x', 'y'], ['p', 'q']);
  await write('units.csv', ['x', 'y'], ['x (V)', 'y']);
  await write('millivolts.csv', ['x', 'y'], ['x (mV)', 'y']);
  await write('slow.csv', ['x', 'y'], ['x', 'y'], 50);
  await learn('trained.csv', '--horizon', '8', '-o', 'forecast.safetensors');
});
afterAll(() => rm(directory, { recursive: true }));

const paths = (args: readonly string[]) => args.map((arg) => (/\.(csv|safetensors)$/.test(arg) ? at(arg) : arg));
const learn = (...args: string[]) => runCommand(learnCommand(), paths([...args, '--taps', `${taps}`]));
const apply = (...args: string[]) => runCommand(applyCommand(), paths(args));
const headerOf = ({ stdout }: { stdout: string }) => stdout.split('\n', 1)[0];

describe('the output columns of tapline apply', () => {
  test.each([
    ['a forecast over 8 frames', ['--horizon', '8'], 'time,x in 8 frames,y in 8 frames'],
    ['a forecast over 1 frame', [], 'time,x in 1 frame,y in 1 frame'],
    ['a target', ['--task', 'target', '--target', 'y'], 'time,predicted y'],
    ['a reconstruction', ['--task', 'reconstruct'], 'time,reconstructed x,reconstructed y'],
    ['interference', ['--task', 'cancel', '--noise-reference', 'y'], 'time,interference in x'],
  ])('are named after what they predict: %s', async (_, how, header) => {
    await learn('trained.csv', ...how, '-o', 'named.safetensors');
    expect(headerOf(await apply('named.safetensors', 'trained.csv'))).toBe(header);
  });

  test('have the names of --labels if given', async () => {
    expect(headerOf(await apply('forecast.safetensors', 'trained.csv', '--labels', 'a,b'))).toBe('time,a,b');
  });

  test('are NaN until the first window is full, and predictions from then on', async () => {
    const { stdout } = await apply('forecast.safetensors', 'trained.csv');
    const rows = stdout.trim().split('\n').slice(1);
    const isNaN = rows.map((row) => row.includes('NaN'));
    expect(isNaN).toEqual(Array.from({ length: frames }, (_, t) => t < taps - 1));
  });

  test('of weights without a task are as before: the channel names, with start-up rows', async () => {
    const network = Network.load(await readFile(at('forecast.safetensors')));
    await writeFile(at('old.safetensors'), network.save());
    const { stdout, stderr } = await apply('old.safetensors', 'renamed.csv');
    const { stdout: named } = await apply('forecast.safetensors', 'trained.csv');
    const rows = (text: string) => text.split('\n').slice(taps);
    expect([headerOf({ stdout }), stderr]).toEqual(['time,p,q', '']);
    expect(stdout).not.toContain('NaN');
    expect(rows(stdout)).toEqual(rows(named));
  });
});

describe('the recording that tapline apply reads', () => {
  test('has its channels selected and ordered by name', async () => {
    const { stdout } = await apply('forecast.safetensors', 'trained.csv');
    const turned = await apply('forecast.safetensors', 'turned.csv');
    expect(turned.stdout).toBe(stdout);
    expect(turned.stderr).toBe(
      `${at('turned.csv')}: Read the channels in the order in which the network was trained on them: x, y.\n`,
    );
  });

  test('must contain the channels, unless others are selected in their place', async () => {
    await expect(apply('forecast.safetensors', 'renamed.csv')).rejects.toThrow(
      'renamed.csv: the recording must contain the channels that the network was trained on (x, y), got p, q. If other channels correspond to them, select these with --columns, in the same order.',
    );
    const { stdout, stderr } = await apply('forecast.safetensors', 'renamed.csv', '--columns', 'p,q');
    expect(stderr).toBe(
      `${at('renamed.csv')}: The network was trained on the channels x, y. Used p, q in their place.\n`,
    );
    expect(stdout).toBe((await apply('forecast.safetensors', 'trained.csv')).stdout);
  });

  test.each([
    [
      'another sampling rate',
      'forecast',
      'slow.csv',
      /^.*slow\.csv: The network was trained at 100 Hz, and the recording has 50 Hz\. /,
    ],
    ['another unit', 'volts', 'millivolts.csv', /^.*millivolts\.csv: The network was trained on x in V, not mV\. /],
  ])('causes a warning if it has %s', async (_, weights, name, warning) => {
    await learn('units.csv', '-o', 'volts.safetensors');
    expect((await apply(`${weights}.safetensors`, name)).stderr).toMatch(warning);
  });

  test('is standardized as in the training; another time constant causes a warning', async () => {
    await learn('trained.csv', '--standardize', '2', '-o', 'standardized.safetensors');
    const plain = await apply('standardized.safetensors', 'trained.csv');
    const given = await apply('standardized.safetensors', 'trained.csv', '--standardize', '2');
    expect(given).toEqual(plain);
    const other = await apply('standardized.safetensors', 'trained.csv', '--standardize', '1');
    expect(other.stdout).not.toBe(plain.stdout);
    expect(other.stderr).toMatch(/: The network was trained with --standardize 2\. /);
  });
});

test('the metadata of weights describes the task; a malformed description is rejected', async () => {
  const bytes = await readFile(at('forecast.safetensors'));
  const channels = [{ label: 'x' }, { label: 'y' }];
  expect(JSON.parse(decodeSafetensors(bytes).metadata.task)).toEqual({
    ...{ task: 'forecast', horizon: 8, rate: 100 },
    ...{ inputs: channels, outputs: channels },
  });
  const wrong = Network.load(bytes).save({ metadata: { task: '{"task":"guess"}' } });
  await writeFile(at('wrong.safetensors'), wrong);
  await expect(apply('wrong.safetensors', 'trained.csv')).rejects.toThrow(
    'wrong.safetensors: metadata.task of the file must be',
  );
});
