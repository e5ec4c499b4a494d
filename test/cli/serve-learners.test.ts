import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLearners } from '../../src/cli/serve-learners.ts';
import { Network } from '../../src/core/network/network.ts';
import type { NetworkSpec } from '../../src/core/network/network-spec.ts';

const spec: NetworkSpec = { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 3 }] };
const weights = Network.create(spec, { seed: 7 });

let directory: string;
const at = (name: string) => join(directory, name);
const write = (name: string, json: unknown) =>
  writeFile(at(name), typeof json === 'string' ? json : JSON.stringify(json));
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await mkdir(at('networks'));
  await write('networks/two.json', spec);
  await writeFile(at('networks/two.safetensors'), weights.save());
});
afterAll(() => rm(directory, { recursive: true }));

describe('--learn', () => {
  test('reads a learner with defaults, or a list, for each stream', async () => {
    await write('one.json', { name: 'next' });
    await write('list.json', [
      { name: 'far', horizon: 8, taps: 32, channels: ['O1', 2], optimizer: 'rls', updateEvery: 1 },
      { name: 'clean', task: 'cancel', reference: ['eog'], optimizer: { type: 'nlms', learningRate: 0.1 } },
    ]);
    const given = [`eeg=${at('one.json')}`, `eeg=${at('list.json')}`, `other=${at('one.json')}`];
    const next = { name: 'next', task: 'forecast', taps: 16 };
    expect(await readLearners(given)).toEqual({
      eeg: [
        next,
        {
          ...{ name: 'far', task: 'forecast', horizon: 8, taps: 32, channels: ['O1', 2], updateEvery: 1 },
          optimizer: { type: 'rls' },
        },
        {
          ...{ name: 'clean', task: 'cancel', reference: ['eog'], taps: 16 },
          optimizer: { type: 'nlms', learningRate: 0.1 },
        },
      ],
      other: [next],
    });
  });

  test('reads networks from the file, or from the path relative to it', async () => {
    await write('networks.json', [
      { name: 'inline', network: spec },
      { name: 'json', network: 'networks/two.json' },
      { name: 'trained', network: './networks/two.safetensors' },
    ]);
    const { dev } = await readLearners([`dev=${at('networks.json')}`]);
    expect(dev.slice(0, 2).map(({ network }) => network)).toEqual([spec, spec]);
    const { network } = dev[2];
    expect(network).toBeInstanceOf(Network);
    expect((network as Network).weights()).toEqual(weights.weights());
  });

  test.each<[string, unknown, string]>([
    [
      'an unknown field',
      { name: 'a', steps: 3 },
      'wrong.json: field of a learner must be one of name, taps, network, ',
    ],
    [
      'no name',
      {},
      'wrong.json: name must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot, got undefined',
    ],
    [
      'the place in a list',
      [{ name: 'a' }, { name: 'b', taps: 0 }],
      'wrong.json: learner 2: taps must be an integer >= 1, got 0',
    ],
    ['an empty list', [], 'wrong.json: the list of learners must not be empty'],
    ['no object', 3, 'wrong.json: learner must be an object such as { "name": "next", "taps": 16 }, got 3'],
    ['no JSON', '{"name": ', 'wrong.json: '],
    [
      'two learners of one name',
      [{ name: 'a' }, { name: 'a' }],
      "wrong.json: name must be unique among the learners of stream dev, got 'a'",
    ],
    ['a network file that does not exist', { name: 'a', network: 'no.json' }, 'wrong.json: network: '],
    [
      'an invalid network',
      { name: 'a', network: { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 2 }] } },
      'wrong.json: layers[0].kernelSize must be ',
    ],
    [
      'a network of other channels',
      { name: 'a', channels: ['x'], network: spec },
      'wrong.json: network.inChannels must be 1, the number of channels that the learner reads, got 2',
    ],
    [
      'a forecast of other outputs',
      { name: 'a', network: { inChannels: 2, layers: [{ type: 'linear', outChannels: 1 }] } },
      "wrong.json: outChannels must be 2, the number of input channels, for task 'forecast', got 1",
    ],
    [
      'a horizon of another task',
      { name: 'a', task: 'reconstruct', horizon: 2 },
      "wrong.json: task must be 'forecast' if horizon is given, got 'reconstruct'",
    ],
    ['a loss', { name: 'a', loss: 'cubic' }, 'wrong.json: loss'],
    ['updates', { name: 'a', updateEvery: 0 }, 'wrong.json: updateEvery must be an integer >= 1, got 0'],
    [
      'an optimizer without its learning rate',
      { name: 'a', optimizer: 'nlms' },
      'wrong.json: optimizer.learningRate must be a number > 0, got undefined. Write "optimizer": { "type": "nlms", "learningRate": 0.1 }.',
    ],
    ['an optimizer', { name: 'a', optimizer: 'newton' }, 'wrong.json: optimizer.type must be one of sgd, nlms, '],
  ])('names the file, the field, and the rule: %s', async (_, json, sentence) => {
    await write('wrong.json', json);
    const rejected = readLearners([`dev=${at('wrong.json')}`]);
    await expect(rejected).rejects.toThrow(sentence);
    await expect(rejected).rejects.toHaveProperty('name', 'UsageError');
  });

  test.each(['dev', '=a.json', 'dev=', 'a b=a.json'])('%s is rejected', async (text) => {
    await expect(readLearners([text])).rejects.toThrow(
      `--learn must be <stream>=<file>, such as headset=learner.json, got '${text}'`,
    );
  });

  test('a file that does not exist is reported', async () => {
    await expect(readLearners(['dev=no.json'])).rejects.toThrow('no.json: file not found');
  });
});
