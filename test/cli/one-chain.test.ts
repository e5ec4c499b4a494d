import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OperatorFunction } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { detectCommand } from '../../src/cli/detect.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import type { Block } from '../../src/core/blocks/block.ts';
import type { NetworkSpec } from '../../src/core/network/network-spec.ts';
import { Network } from '../../src/core/network/network.ts';
import { plan } from '../../src/core/network/plan.ts';
import type { LearnerStageSpec, PipelineSpec } from '../../src/core/pipeline/pipeline-spec.ts';
import { Pipeline, type PipelineOptions } from '../../src/core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../../src/core/pipeline/pipeline-output.ts';
import { random } from '../../src/core/random.ts';
import { readCsv, type Recording } from '../../src/formats/index.ts';
import { pipeline } from '../../src/operators/pipeline.ts';
import { run } from '../../src/testing/transcript.ts';
import { type Collected, collectOutputs, cutInto } from '../core/pipeline/collect-outputs.ts';
import { runCommand } from './run-command.ts';

const [frames, rate] = [5000, 50];
const isMissing = (t: number) => t % 301 === 7 || (t > 900 && t < 906) || (t > 2000 && t < 2200);
const convolution = (inChannels: number, outChannels: number, more: object = {}): NetworkSpec => ({
  inChannels,
  layers: [
    { type: 'conv1d', outChannels: 4, kernelSize: 5, dilation: 2, ...more },
    { type: 'tanh' },
    { type: 'conv1d', outChannels, kernelSize: 3 },
  ],
});

let directory: string;
let recording: Recording;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = random(4);
  const rows = Array.from({ length: frames }, (_, t) => {
    const [a, b, c] = [Math.sin(t / 7), 4 + chance.normal(), 0.1 * chance.normal()];
    const samples = [a + c, t === 1500 ? 'NA' : b, t === 4000 ? 90 : a * b];
    return isMissing(t) ? '' : `${t / rate},${samples.join()}\n`;
  });
  const text = `time (s),a,b,c\n${rows.join('')}`;
  await writeFile(at('recording.csv'), text);
  recording = readCsv(text);
});
afterAll(() => rm(directory, { recursive: true }));

/** Results of `Pipeline.push` for several block sizes, and of the operator for another one. */
function results(spec: PipelineSpec, options: PipelineOptions = {}): Collected[] {
  const pushed = (blocks: readonly Block[]) => {
    const chain = Pipeline.create(spec, options);
    const outputs = blocks.flatMap((block) => chain.push(block));
    const all = collectOutputs(outputs);
    for (const name of Object.keys(all.maps)) all.maps[name].push(...(chain.flush(name)?.data ?? []));
    chain.close();
    return all;
  };
  const operator: OperatorFunction<Block, PipelineOutput> = pipeline(spec, options);
  return [
    pushed(recording.blocks),
    pushed(cutInto(recording.blocks, [1])),
    pushed(cutInto(recording.blocks, [700, 13, 256])),
    collectOutputs(run(operator, cutInto(recording.blocks, [3, 90, 1, 411])).outputs),
  ];
}

const columnsOf = async (file: string) => {
  const { channels, blocks } = readCsv(await readFile(at(file), 'utf8'), { rate });
  const all = blocks.flatMap(({ data }) => [...data]);
  return channels.map((_, c) => all.filter((__, i) => i % channels.length === c));
};

describe('a command, the operator, and Pipeline.push return the same bits for a recording, for any block sizes', () => {
  test.each([[[]], [['--standardize', '2']]])('tapline apply %j', async (more) => {
    const spec = convolution(3, 2, { mode: 'same', stride: 2 });
    const network = Network.create(spec, { seed: 8 });
    await writeFile(at('network.safetensors'), network.save());
    const output = ['-o', at('out.csv'), '--labels', 'x,y'];
    await runCommand(applyCommand(), [at('network.safetensors'), at('recording.csv'), ...output, ...more]);
    const columns = await columnsOf('out.csv');
    const standardize = more.length > 0 ? { tau: 2 } : null;
    for (const { maps } of results({ gaps: { policy: 'none' }, standardize, network: spec }, { network })) {
      expect(maps.features.filter((_, i) => i % 2 === 0)).toEqual(columns[0]);
      expect(maps.features.filter((_, i) => i % 2 === 1)).toEqual(columns[1]);
    }
  });

  test.each<[string, NetworkSpec, string[], Partial<LearnerStageSpec>, PipelineSpec]>([
    ['forecast', convolution(3, 3), ['--horizon', '2'], { horizon: 2 }, { gaps: { policy: 'hold' } }],
    [
      'reconstruct',
      convolution(3, 3),
      ['--gaps', 'linear', '--update-every', '5'],
      { updateEvery: 5 },
      { gaps: { policy: 'linear' } },
    ],
    [
      'target',
      convolution(2, 1),
      ['--target', 'c', '--standardize', '3'],
      { channels: [0, 1], targetChannels: [2] },
      { gaps: { policy: 'hold' }, standardize: { tau: 3 } },
    ],
    [
      'cancel',
      convolution(1, 2),
      ['--noise-reference', 'b', '--gaps', 'none', '--optimizer', 'nlms', '--learning-rate', '0.05'],
      { reference: [1], optimizer: { type: 'nlms', learningRate: 0.05 } },
      { gaps: { policy: 'none' } },
    ],
  ])('tapline learn --task %s', async (task, network, args, learner, { gaps, standardize }) => {
    const initial = Network.create(network, { seed: 2 });
    await writeFile(at('initial.safetensors'), initial.save());
    const files = [at('recording.csv'), '-o', at('learned.safetensors'), '--network', at('initial.safetensors')];
    await runCommand(learnCommand(), [...files, '--task', task, ...args]);
    const learned = Network.load(await readFile(at('learned.safetensors'))).weights();
    const spec: PipelineSpec = {
      gaps: { ...gaps, max: plan(network).receptiveField },
      standardize,
      learners: [{ ...learner, name: 'learner', network, task: task as LearnerStageSpec['task'], readFilled: true }],
    };
    for (const { weights } of results(spec, { learner: initial })) expect(weights.learner).toEqual(learned);
    expect(learned).not.toEqual(initial.weights());
  });

  test('tapline detect', async () => {
    const falseAlarms = '1/hour';
    const args = [at('recording.csv'), '-o', at('scores.csv'), '--false-alarms', falseAlarms, '--reference', '2500'];
    await runCommand(detectCommand(), args);
    const [scores, alarms] = await columnsOf('scores.csv');
    const indexes = Array.from({ length: frames }, (_, t) => t).filter((t) => !isMissing(t));
    const raised = indexes.filter((_, row) => alarms[row] === 1);
    expect(raised).toContain(4000);
    for (const found of results({ gaps: { policy: 'none' }, detect: { falseAlarms, reference: 2500 } })) {
      expect(found.scores).toEqual(scores);
      expect(found.alarms).toEqual(raised);
    }
  });
});

test('tapline learn never uses a filled frame as a target', async () => {
  const times = Array.from({ length: 400 }, (_, t) => t).filter((t) => t % 20 !== 9);
  await writeFile(at('gaps.csv'), `time (s),a\n${times.map((t) => `${t / rate},${Math.sin(t / 3)}\n`).join('')}`);
  const args = [at('gaps.csv'), '-o', at('learned.safetensors'), '--taps', '2'];
  const { stdout } = await runCommand(learnCommand(), args);
  expect(stdout).toContain('20 missing frames filled in (--gaps hold)');
  expect(stdout).toMatch(/Outputs not used for training: .*20 without a target/);
});
