import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { inTurn } from '../../src/cli/in-turn.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { learningPipeline } from '../../src/cli/learn/learning-pipeline.ts';
import { learningRun } from '../../src/cli/learn/learning-run.ts';
import { progress } from '../../src/cli/progress.ts';
import { Network } from '../../src/core/network/network.ts';
import type { LayerSpec } from '../../src/core/layers/layer-spec.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import { readCsv, type Recording } from '../../src/formats/index.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

/** A resonance in noise of two channels; every `hole`th frame is missing. */
function recorded(seed: number, frames: number, { hole = Infinity, offset = 0 } = {}): string {
  const chance = noise(seed, 2 * frames);
  let [a, b] = [0, 0];
  const rows = Array.from({ length: frames }, (_, t) => {
    [a, b] = [1.8 * a - 0.95 * b + chance[2 * t], a];
    return `${t / 100},${Math.fround(offset + a)},${Math.fround(b + 0.1 * chance[2 * t + 1])}\n`;
  });
  return `time (s),x,y\n${rows.filter((_, t) => t % hole !== hole - 1).join('')}`;
}

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await writeFile(at('a.csv'), recorded(1, 1500));
  await writeFile(at('b.csv'), recorded(2, 900, { offset: 50 }));
  await writeFile(at('c.csv'), recorded(3, 1200));
  await writeFile(at('holes.csv'), recorded(4, 1200, { hole: 40 }));
  await writeFile(
    at('unit.csv'),
    '# tapline: {"rate":100,"channels":[{"label":"x","unit":"V"},{"label":"y"}]}\n' + recorded(5, 20),
  );
  await writeFile(
    at('slow.csv'),
    recorded(6, 20).replace(/^(\d+\.?\d*),/gm, (_, s: string) => `${2 * Number(s)},`),
  );
});
afterAll(() => rm(directory, { recursive: true }));

const learn = (...args: string[]) =>
  runCommand(
    learnCommand(),
    args.map((arg) => (/\.(csv|safetensors|json|html)$/.test(arg) ? at(arg) : arg)),
  );

test('no window of a target task spans two recordings: gaps between them are not filled in', async () => {
  const { stdout } = await learn('a.csv', 'c.csv', '--task', 'target', '--target', 'y', '-o', 'spans.safetensors');
  expect(stdout).not.toContain('filled in');
  expect(stdout).toMatch(/2670 scored/);
});

/** The cells of a table's line of a recording, as numbers. */
function lineOf(stdout: string, table: string, recording: string): number[] {
  const lines = stdout.slice(stdout.indexOf(`\n${table} `) + 1).split('\n');
  const line = lines.find((each) => each.startsWith(`${recording} `)) ?? '';
  return line.split(/ +/).slice(1).map(Number);
}

const bare = { loss: 'squared', powerLine: 50 } as const;
const runOf = (recordings: Recording[], layers: LayerSpec[], task: 'forecast' | 'target', horizon: number) => {
  const [outputs, inputs] =
    task === 'target'
      ? [[1], [0]]
      : [
          [0, 1],
          [0, 1],
        ];
  const network = Network.create({ inChannels: inputs.length, layers });
  const places = { pushed: inputs, inputs, outputs, target: task === 'target' ? [1] : [], reference: [] };
  const spec = { ...bare, task, ...(task === 'forecast' && { horizon }) };
  const pipeline = learningPipeline(network, spec, recordings[0], { places, gaps: 'hold' });
  const lead = task === 'forecast' ? horizon : 0;
  const run = learningRun(pipeline, recordings, { network, outputs, lead, powerLine: 50 }, progress());
  pipeline.close();
  return run;
};
const conv = (outChannels: number, more: object = {}): LayerSpec => ({
  ...{ type: 'conv1d', outChannels, kernelSize: 5 },
  ...more,
});

describe('several recordings', () => {
  test.each<[string, LayerSpec[], 'forecast' | 'target', number, string]>([
    ['one convolution', [conv(2)], 'forecast', 1, 'c.csv'],
    ['a longer horizon and gaps', [conv(2)], 'forecast', 7, 'holes.csv'],
    ['a target', [conv(1)], 'target', 1, 'c.csv'],
    ['a stride and a window in the middle', [conv(2, { stride: 3, mode: 'same' })], 'forecast', 2, 'holes.csv'],
    ['two layers', [conv(4), { type: 'tanh' }, conv(2, { dilation: 2 })], 'forecast', 1, 'holes.csv'],
  ])('the score of a single recording is that of the whole: %s', async (_, layers, task, horizon, name) => {
    const { learned, scores } = runOf([readCsv(await readFile(at(name), 'utf8'))], layers, task, horizon);
    const expected = learned.score.overall;
    expect(learned.score.frames).toBeGreaterThan(200);
    expect(scores[0]?.frames).toBe(learned.score.frames);
    for (const [field, error] of Object.entries(expected).filter(([name]) => name !== 'loss'))
      expect(scores[0]?.overall[field as 'nmse'], field).toBeCloseTo(error, 5);
  });

  test('no window and no forecast spans two recordings or two segments', async () => {
    const read = async (name: string) => readCsv(await readFile(at(name), 'utf8'));
    const [a, b] = [await read('a.csv'), await read('b.csv')];
    for (const horizon of [1, 9]) {
      const alone = [a, b].map((each) => runOf([each], [conv(2)], 'forecast', horizon).learned.score.frames);
      const { learned, scores } = runOf([a, b], [conv(2)], 'forecast', horizon);
      expect(scores.map((score) => score?.frames)).toEqual(alone);
      expect(learned.score.frames).toBe(alone[0] + alone[1]);
      const [whole] = a.blocks;
      const cut = 700 * whole.channels;
      const parts = [
        { ...whole, data: whole.data.slice(0, cut) },
        { ...whole, data: whole.data.slice(cut), start: 701 },
      ];
      const segmented = {
        ...a,
        blocks: [...parts, ...a.blocks.slice(1).map((each) => ({ ...each, start: each.start + 1 }))],
        segments: [701],
      };
      expect(runOf([segmented], [conv(2)], 'forecast', horizon).learned.score.frames).toBe(alone[0] - 4 - horizon);
    }
  });

  test('are numbered as one stream with missing frames in between', () => {
    const a = readCsv(recorded(1, 10));
    const starts = [...inTurn([a, { ...a, segments: [0] }, a], 4)].map(({ recording, block }) => [
      recording,
      block.start,
    ]);
    expect(starts).toEqual([
      [0, 0],
      [1, 18],
      [2, 32],
    ]);
  });

  test('the frames between them are not counted as skipped outputs', async () => {
    const read = async (name: string) => readCsv(await readFile(at(name), 'utf8'));
    const [a, c] = [await read('a.csv'), await read('c.csv')];
    const deep: LayerSpec[] = [conv(4), { type: 'tanh' }, conv(2, { dilation: 2 })];
    for (const [layers, horizon] of [
      [[conv(2)], 1],
      [[conv(2)], 9],
      [deep, 1],
    ] as const) {
      const counts = (recordings: Recording[]) => runOf(recordings, [...layers], 'forecast', horizon).learned.skipped;
      const [first, second, both] = [counts([a]), counts([c]), counts([a, c])];
      expect(both.gap).toBe(first.gap + second.gap);
      expect(both.noTruth).toBe(0);
      expect(both.late).toBe(horizon);
    }
  });

  test('are learned from in the given order, and the report shows each and the whole', async () => {
    const { stdout } = await learn('a.csv', 'b.csv', '-o', 'ab.safetensors');
    const { stdout: reversed } = await learn('b.csv', 'a.csv', '-o', 'ba.safetensors');
    const [a, b] = ['a.csv', 'b.csv'].map((name) => lineOf(stdout, 'while learning', name));
    expect(a[0] + b[0]).toBe(Number(/(\d+) scored/.exec(stdout)?.[1]));
    const { stdout: first } = await learn('a.csv', '-o', 'a.safetensors');
    expect(a[1]).toBe(Number(/^learned +(\S+)/m.exec(first)?.[1]));
    expect(lineOf(reversed, 'while learning', 'a.csv')[1]).not.toBe(a[1]);
    expect(stdout).toContain('\n2400 frames in ');
  });

  test('each starts a new standardization, as in tapline apply', async () => {
    const options = ['--optimizer', 'sgd', '--learning-rate', '1e-30', '--standardize', '3'];
    await learn('a.csv', '-o', 'start.safetensors');
    const { stdout } = await learn(
      'a.csv',
      'b.csv',
      '-o',
      's.safetensors',
      '--network',
      'start.safetensors',
      ...options,
    );
    const { stdout: alone } = await learn('b.csv', '-o', 's.safetensors', '--network', 'start.safetensors', ...options);
    expect(lineOf(stdout, 'while learning', 'b.csv')[1]).toBe(Number(/^learned +(\S+)/m.exec(alone)?.[1]));
  });

  test.each([
    ['another unit', 'unit.csv', 'the channels and units must be those of .*a.csv \\(x, y\\), got x \\(V\\), y'],
    ['another rate', 'slow.csv', 'the sampling rate must be that of .*a.csv \\(100 Hz\\), got 50 Hz'],
  ])('of %s are rejected', async (_, name, sentence) => {
    for (const how of [[], ['--validate']])
      await expect(learn('a.csv', ...how, name, '-o', 'no.safetensors')).rejects.toThrow(
        new RegExp(`${name}: ${sentence}`),
      );
  });
});

describe('--validate', () => {
  test.each<[string, string, string[], string[]]>([
    ['a forecast', 'c.csv', [], []],
    [
      'a forecast over 5 frames of a standardized signal',
      'c.csv',
      ['--horizon', '5', '--standardize', '2'],
      ['--standardize', '2'],
    ],
    ['a recording with gaps', 'holes.csv', [], ['--gaps', 'hold']],
  ])('scores the weights as tapline apply does: %s', async (_, name, how, applied) => {
    const { stdout } = await learn('a.csv', '-o', 'w.safetensors', '--columns', 'x', '--validate', name, ...how);
    const [scored, nmse] = lineOf(stdout, 'validation', name);
    expect(stdout).toContain(
      `\nTo write the predictions: tapline apply ${at('w.safetensors')} ${at(name)}${applied.length > 0 ? ` ${applied.join(' ')}` : ''}\n`,
    );
    await runCommand(applyCommand(), [
      at('w.safetensors'),
      at(name),
      '--columns',
      'x',
      ...applied,
      '-o',
      at('out.csv'),
    ]);
    const horizon = Number(how[1] ?? 1);
    const predictions = readCsv(await readFile(at('out.csv'), 'utf8')).blocks.flatMap(({ data }) => [...data]);
    const targets = await targetsOf(name, applied);
    const pairs = predictions.flatMap((prediction, t) => {
      const [now, then] = [targets[t], targets[t + horizon]];
      return t >= 15 && now !== undefined && then !== undefined ? [[prediction, then]] : [];
    });
    expect(pairs).toHaveLength(scored);
    const mean = pairs.reduce((sum, [, target]) => sum + target, 0) / scored;
    const variance = pairs.reduce((sum, [, target]) => sum + (target - mean) ** 2, 0);
    const error = pairs.reduce((sum, [prediction, target]) => sum + (prediction - target) ** 2, 0);
    expect(error / variance).toBeCloseTo(nmse, 3);
    const { metadata } = decodeSafetensors(await readFile(at('w.safetensors')));
    const [saved] = JSON.parse(metadata.validation) as Record<string, number>[];
    expect([saved.recording, saved.frames]).toEqual([name, scored]);
    expect(saved.nmse).toBeCloseTo(error / variance, 6);
    expect(saved.skill).toBeCloseTo(1 - saved.nmse / saved.persistence, 9);
  });

  test('does not change the weights, and no metadata is written without it', async () => {
    await learn('a.csv', '-o', 'with.safetensors', '--validate', 'c.csv', '--validate', 'b.csv');
    await learn('a.csv', '-o', 'without.safetensors');
    const [one, other] = [
      decodeSafetensors(await readFile(at('with.safetensors'))),
      decodeSafetensors(await readFile(at('without.safetensors'))),
    ];
    expect(one.tensors).toEqual(other.tensors);
    expect((JSON.parse(one.metadata.validation) as object[]).length).toBe(2);
    expect(other.metadata).not.toHaveProperty('validation');
    expect(Network.load(await readFile(at('with.safetensors'))).inChannels).toBe(2);
  });

  test('compares predictions of a target with its mean', async () => {
    const { stdout } = await learn(
      'a.csv',
      '-o',
      't.safetensors',
      '--task',
      'target',
      '--target',
      'y',
      '--validate',
      'c.csv',
    );
    expect(stdout).toMatch(/^validation +scored +learned +running mean +mean +skill$/m);
    const [, learned, running, mean] = lineOf(stdout, 'validation', 'c.csv');
    expect(mean).toBe(1);
    expect(learned).toBeLessThan(0.1);
    expect(running).toBeCloseTo(1, 1);
    expect(stdout).toContain(`tapline apply ${at('t.safetensors')} ${at('c.csv')} --columns x\n`);
  });

  test('rejects a recording that is used for training', async () => {
    const rejected = learn('a.csv', 'b.csv', '-o', 'no.safetensors', '--validate', 'b.csv');
    await expect(rejected).rejects.toThrow('--validate must be a recording that is not used for training, got ');
  });
});

/** The samples of channel x by frame, standardized if the options say so; missing frames are absent. */
async function targetsOf(name: string, [option, seconds]: string[]): Promise<(number | undefined)[]> {
  const samples: (number | undefined)[] = [];
  const { blocks, channels } = readCsv(await readFile(at(name), 'utf8'));
  const places = channels.length;
  if (option !== '--standardize') {
    for (const { data, start } of blocks)
      for (let i = 0; i < data.length / places; i++) samples[start + i] = data[i * places];
    return samples;
  }
  const { Standardizer } = await import('../../src/core/filters/standardizer.ts');
  const standardizer = new Standardizer({ channels: places, frames: 100 * Number(seconds) });
  for (const { data } of blocks) {
    const scaled = standardizer.push(data);
    for (let i = 0; i < scaled.length; i += places) samples.push(scaled[i]);
  }
  return samples;
}
