import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import { decodeSafetensors, encodeSafetensors, type Tensors } from '../../../src/core/state/safetensors.ts';
import { expectClose } from '../../expect-close.ts';
import { root, run } from '../../run-process.ts';

const vectors = fileURLToPath(new URL('../../vectors/torch', import.meta.url));
const names = readdirSync(vectors)
  .filter((file) => file.endsWith('.io.safetensors'))
  .map((file) => file.slice(0, -'.io.safetensors'.length));

const read = (file: string): Tensors => decodeSafetensors(readFileSync(file)).tensors;

/** Returns the outputs of a stream in blocks of `frames` frames, including the tail. */
function streamed(network: Network, x: Float32Array, frames: number): { live: number[]; tail: Float32Array } {
  const stream = network.stream();
  const size = frames * network.inChannels;
  const live: number[] = [];
  for (let at = 0; at < x.length; at += size) live.push(...stream.push(x.subarray(at, at + size)));
  return { live, tail: stream.flush() };
}

describe.each(names)('%s, exported from PyTorch', (name) => {
  const bytes = readFileSync(join(vectors, `${name}.safetensors`));
  const { x, y } = read(join(vectors, `${name}.io.safetensors`));
  const network = Network.load(bytes);

  // the outputs of push followed by those of flush are exactly PyTorch's outputs
  test.each([1, 7, 1000])("streams PyTorch's outputs in order, %i frames at a time", (frames) => {
    expect([network.inChannels, network.outChannels]).toEqual([x.shape[1], y.shape[1]]);
    const { live, tail } = streamed(network, x.data as Float32Array, frames);
    expectClose([...live, ...tail], y.data, 1e-5);
  });

  test('gives the same bits frame by frame and as one block', () => {
    const whole = network.apply(x.data);
    const { live, tail } = streamed(network, x.data as Float32Array, 1);
    expect(Float32Array.from([...live, ...tail])).toEqual(whole);
  });

  test('is the same after save and load, including its spec and names', () => {
    const again = Network.load(network.save());
    expect(again.spec).toEqual(network.spec);
    expect(again.weights()).toEqual(network.weights());
    expect(again.save({ torch: true })).toEqual(network.save({ torch: true }));
    expect(network.clone().save()).toEqual(network.save());
  });
});

describe('names of the state dict', () => {
  const load = (name: string) => Network.load(readFileSync(join(vectors, `${name}.safetensors`)));
  const saved = (network: Network) => Object.keys(decodeSafetensors(network.save({ torch: true })).tensors);

  test('are restored if no weight was folded, and replaced by layer numbers otherwise', () => {
    expect(saved(load('inception'))).toEqual(
      ['branches.0', 'branches.1', 'branches.2', 'mix'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    );
    expect(saved(load('shallow'))).toEqual(['0.weight', '0.bias', '4.weight', '4.bias']);
  });

  test('are rejected after a weight that does not exist in PyTorch was trained', () => {
    const network = load('same');
    const weights = network.weights();
    expect(network.spec.layers[1]).toMatchObject({ type: 'linear', bias: false });
    weights['layers.1.weight'].data[0] = 0.5;
    network.setWeights(weights);
    expect(() => network.save({ torch: true })).toThrow(
      'layers.1.weight must be unchanged (0, 1, or -1), because PyTorch has no such weight, got 0.5',
    );
  });

  test('are rejected if they are malformed', () => {
    const { spec } = load('same');
    const weights = load('same').weights();
    const file = (torch: unknown) =>
      encodeSafetensors(weights, { tapline: 'network', spec: JSON.stringify(spec), torch: JSON.stringify(torch) });
    expect(() => Network.load(file({ 'layers.1.weight': { shape: [3] } }))).toThrow(
      'metadata.torch of the file must be an object of { name, shape } or null',
    );
    const other = Network.load(file({ 'layers.9.weight': { name: 'a', shape: [3] } }));
    expect(() => other.save({ torch: true })).toThrow("must be the name of a weight, got 'layers.9.weight'");
    const wrong = Network.load(file({ 'layers.1.weight': { name: 'a.weight', shape: [3] } }));
    expect(() => wrong.save({ torch: true })).toThrow('a.weight must be of 18 numbers, got [3]');
  });
});

describe('PyTorch weights with a wrong shape are rejected by name, with the expected and the actual shape', () => {
  const tensor = (...shape: number[]) => {
    return { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
  };
  const spec = {
    inChannels: 4,
    layers: [
      { type: 'conv1d', outChannels: 6, kernelSize: 3, groups: 2 },
      { type: 'norm', kind: 'affine' },
      { type: 'convTranspose1d', outChannels: 4, kernelSize: 5, groups: 2, bias: false },
      { type: 'linear', outChannels: 3, bias: false },
    ],
  } as const;
  const norm = Object.fromEntries(
    ['weight', 'bias', 'running_mean', 'running_var'].map((part) => [`1.${part}`, tensor(6)]),
  );
  const fitting = {
    '0.weight': tensor(6, 2, 3),
    '0.bias': tensor(6),
    ...norm,
    '2.weight': tensor(6, 2, 5),
    '3.weight': tensor(3, 4),
  };

  test.each([
    ['0.weight', tensor(6, 3, 2), '0.weight must be of shape [6, 2, 3], got [6,3,2]'],
    ['0.bias', tensor(4), '0.bias must be of shape [6], got [4]'],
    ['1.weight', tensor(5), '1.weight must be of shape [6], got [5]'],
    ['1.running_mean', tensor(5), '1.running_mean must be of shape [6], got [5]'],
    ['2.weight', tensor(4, 3, 5), '2.weight must be of shape [6, 2, 5], got [4,3,5]'],
    ['3.weight', tensor(4, 3), '3.weight must be of shape [3, 4], got [4,3]'],
  ])('%s', (name, wrong, sentence) => {
    expect(Network.load(encodeSafetensors(fitting), spec as never).outChannels).toBe(3);
    expect(() => Network.load(encodeSafetensors({ ...fitting, [name]: wrong }), spec as never)).toThrow(sentence);
  });
});

/** A Python interpreter with torch. */
const python = ['python3', '/usr/bin/python3'].find((command) => {
  try {
    execFileSync(command, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
if (!python) console.info('skipped: no python3 with the package torch (Debian: python3-torch)');

describe.skipIf(!python)('with PyTorch installed', () => {
  /** Changes every weight that exists in PyTorch, but not the constants that join branches. */
  function changed(network: Network, homes: Record<string, unknown>): Network {
    const other = network.clone();
    const weights = network.weights();
    for (const [name, { data }] of Object.entries(weights))
      if (homes[name] !== null) for (let i = 0; i < data.length; i++) data[i] = 0.8 * data[i] + 0.05 * ((i % 3) - 1);
    other.setWeights(weights);
    return other;
  }

  test('the exporter rejects unsupported modules by name, accepts unusual but supported ones, and changes no module', async () => {
    const { code, stdout, stderr } = await run(python!, [join(root, 'python/test_export.py')]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\d+ rejected, \d+ accepted$/m);
  });

  test(
    'an operation along either axis is exported as such, or rejected with a sentence',
    { timeout: 60_000 },
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'tapline-torch-'));
      try {
        const { code, stderr } = await run(python!, [join(root, 'python/test_axes.py'), directory]);
        expect(code, stderr).toBe(0);
        const rejected = JSON.parse(readFileSync(join(directory, 'rejected.json'), 'utf8')) as Record<string, string>;
        for (const sentence of Object.values(rejected)) expect(sentence).toMatch(/cannot be exported|must be/);
        for (const name of ['montage', 'slice', 'softmax', 'average', 'flatten'])
          for (const axis of [1, 2])
            for (const frames of [4, 9])
              expect(rejected[`${name}-${axis}-NCT-${frames}-alone-None`]).toMatch(
                /Set input_axes to "NCT"|Linear must follow/,
              );
        const exported = readdirSync(directory).filter((file) => file.endsWith('.io.safetensors'));
        for (const kind of ['montage-1-NCT-4-conv-None', 'softmax-1-NCT-9-conv-None', 'average-2-NTC-4-conv-None'])
          expect(exported).toContain(`${kind}.io.safetensors`);
        for (const file of exported) {
          const tensors = read(join(directory, file));
          const network = Network.load(readFileSync(join(directory, file.replace('.io', ''))));
          for (const name of Object.keys(tensors).filter((each) => each.startsWith('y'))) {
            const { live, tail } = streamed(network, tensors[name.replace('y', 'x')].data as Float32Array, 1);
            expectClose([...live, ...tail], tensors[name].data, 1e-5);
          }
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );

  test('load_state_dict loads trained weights into the module, which then gives the same outputs as Tapline', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tapline-torch-'));
    const script = join(root, 'python/test_round_trip.py');
    try {
      const made = await run(python!, [script, 'make', directory]);
      expect(made.code, made.stderr).toBe(0);
      const exported = readdirSync(directory).filter((file) => !file.endsWith('.x.safetensors'));
      for (const file of exported) {
        const bytes = readFileSync(join(directory, file));
        const network = Network.load(bytes);
        const write = (kind: string, content: Uint8Array) =>
          writeFileSync(join(directory, file.replace('.safetensors', `.${kind}.safetensors`)), content);
        write('same', network.save({ torch: true }));
        const homes = JSON.parse(decodeSafetensors(bytes).metadata.torch) as Record<string, unknown>;
        const other = changed(network, homes);
        write('changed', other.save({ torch: true }));
        const y = other.apply(read(join(directory, file.replace('.safetensors', '.x.safetensors'))).x.data);
        write(
          'changed-y',
          encodeSafetensors({ y: { shape: [y.length / other.outChannels, other.outChannels], data: y } }),
        );
      }
      const checked = await run(python!, [script, 'check', directory]);
      expect(checked.code, checked.stderr).toBe(0);
      expect(checked.stdout.trim().split('\n')).toHaveLength(exported.length);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
