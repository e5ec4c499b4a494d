import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { LayerSpec } from '../../src/core/layers/layer-spec.ts';

const entry = new URL('../../dist/src/index.js', import.meta.url).href;

/** Returns the heap bytes that `calls` calls of each function allocate, measured in a process without garbage collection. */
const program = (layers: readonly LayerSpec[]) => `
import { Engine, Network, adam, autoStep, nlms, rls, rmsprop, sgd } from ${JSON.stringify(entry)};
const layers = ${JSON.stringify(layers)};
const calls = 10000;
const found = {};
for (const kind of ['simd', 'plain']) {
  const network = Network.create({ inChannels: 6, layers }, { engine: new Engine(kind) });
  const flat = Network.create({ inChannels: 6, layers: layers.slice(0, 2) }, { engine: new Engine(kind) });
  const x = Float32Array.from({ length: 6 }, (_, c) => Math.sin(c));
  const ten = Float32Array.from({ length: 60 }, (_, c) => Math.sin(c));
  const [out, dx, g] = [new Float32Array(80), new Float32Array(1200), new Float32Array(4).fill(0.01)];
  const [one, block, settled] = [network.stream(), network.stream(), flat.stream()];
  const learn = (optimizer, learning = network, slopes = g) => {
    const stream = learning.stream({ gradients: true });
    return () => {
      if (stream.pushInto(x, out) === 0) return;
      stream.backwardInto(slopes, dx);
      optimizer.step(learning, stream);
    };
  };
  const learnInOneCall = (optimizer) => {
    const stream = flat.stream({ gradients: true });
    const slopes = new Float32Array(flat.outChannels).fill(0.01);
    stream.pushInto(x, out);
    return () => optimizer.learnInto(flat, stream, slopes, dx, x, out);
  };
  const acts = {
    'pushInto of a frame': () => one.pushInto(x, out),
    'pushInto of a block': () => block.pushInto(ten, out),
    'pushInto of a settled stream': () => settled.pushInto(x, out),
    'a step of sgd': learn(sgd({ learningRate: 1e-4 })),
    'a step of nlms': learn(nlms({ learningRate: 1e-4 })),
    'a step of momentum': learn(sgd({ learningRate: 1e-4, momentum: 0.9 })),
    'a step of rmsprop': learn(rmsprop({ learningRate: 1e-4 })),
    'a step of adam': learn(adam({ learningRate: 1e-4 })),
    'a step of sgd in one call, one layer': learnInOneCall(sgd({ learningRate: 1e-4 })),
    'a step of nlms in one call, one layer': learnInOneCall(nlms({ learningRate: 1e-4 })),
    'a step of autoStep': learn(autoStep()),
    'a step of autoStep, one layer': learn(autoStep(), flat, new Float32Array(flat.outChannels).fill(0.01)),
  };
  // recursive least squares requires kernels of all channels
  if (!layers[0].groups)
    acts['a step of rls, one layer'] = learn(rls(), flat, new Float32Array(flat.outChannels).fill(0.01));
  for (const [name, act] of Object.entries(acts)) {
    for (let i = 0; i < 3 * calls; i++) act();
    // the minimum of several runs, because compiling code also allocates memory
    let least = Infinity;
    for (let go = 0; go < 5; go++) {
      gc({ type: 'minor' });
      const before = process.memoryUsage().heapUsed;
      for (let i = 0; i < calls; i++) act();
      least = Math.min(least, (process.memoryUsage().heapUsed - before) / calls);
    }
    found[kind + ': ' + name] = least;
  }
}
console.log(JSON.stringify(found));
`;

const stacks: Record<string, LayerSpec[]> = {
  dense: [
    { type: 'conv1d', outChannels: 8, kernelSize: 16 },
    { type: 'tanh' },
    { type: 'avgPool', kernelSize: 2, stride: 1 },
    { type: 'conv1d', outChannels: 4, kernelSize: 3, stride: 2, dilation: 2 },
    { type: 'softmax' },
  ],
  depthwise: [
    { type: 'conv1d', outChannels: 12, kernelSize: 16, groups: 6 },
    { type: 'tanh' },
    { type: 'conv1d', outChannels: 4, kernelSize: 3, stride: 2, dilation: 2 },
  ],
};

test.each(Object.keys(stacks))(
  '10,000 calls of pushInto, backwardInto, and step of a %s stack allocate nothing after warming up (invariant 10)',
  (stack) => {
    // one thread and a large young generation, so that the result does not depend on the timing of compilation and garbage collection
    const flags = ['--expose-gc', '--single-threaded', '--max-semi-space-size=64', '--min-semi-space-size=64'];
    const args = [...flags, '--input-type=module', '--eval', program(stacks[stack])];
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const found = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as Record<string, number>;
    // JavaScript calls may box a number: several in plain TypeScript; in SIMD, some numbers of autoStep
    const most = (name: string) => {
      const plain = name.startsWith('plain');
      if (name.includes('autoStep')) return plain ? 1500 : 280;
      return plain ? 150 : 1;
    };
    expect(Object.entries(found).filter(([name, bytes]) => bytes >= most(name))).toEqual([]);
    expect(Object.keys(found)).toHaveLength(stack === 'dense' ? 26 : 24);
  },
);

/** Prints the heap bytes that a learner allocates per frame: the difference between a long block and a short one. */
const learnerProgram = `
import { Engine, Learner, Network, sgd } from ${JSON.stringify(entry)};
const layers = [{ type: 'conv1d', outChannels: 16, kernelSize: 8 }];
const bytesPerBlock = (order, frames) => {
  const network = Network.create({ inChannels: 16, layers }, { engine: new Engine('simd') });
  const learner = new Learner(network, { task: 'target', optimizer: sgd({ learningRate: 1e-4 }), maxDelay: 100 });
  const data = Float32Array.from({ length: 16 * frames }, (_, i) => Math.sin(i));
  let start = 0;
  const act = () => {
    const block = { data, channels: 16, start, rate: 100, time: 0 };
    const first = order === 'first' || (order === 'first, after a late one' && start > 0);
    if (first) learner.teach(block);
    learner.push(block);
    if (!first && order !== 'never') learner.teach(block);
    start += frames;
  };
  for (let i = 0; i < 400; i++) act();
  const bytes = [];
  for (let go = 0; go < 9; go++) {
    gc({ type: 'minor' });
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 50; i++) act();
    bytes.push((process.memoryUsage().heapUsed - before) / 50);
  }
  return Math.min(...bytes.filter((count) => count >= 0));
};
const found = {};
for (const order of ['first', 'after', 'first, after a late one', 'never'])
  found[order] = (bytesPerBlock(order, 200) - bytesPerBlock(order, 50)) / 150;
console.log(JSON.stringify(found));
`;

test('a learner allocates no memory for a frame or its target, in any order of arrival', () => {
  const flags = ['--expose-gc', '--single-threaded', '--max-semi-space-size=64', '--min-semi-space-size=64'];
  const args = [...flags, '--input-type=module', '--eval', learnerProgram];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const found = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' })) as Record<string, number>;
  // calls box some numbers, but a frame of 16 boxed samples would be 256 bytes, and an array would be 200
  expect(Object.entries(found).filter(([, bytes]) => !(bytes < 180))).toEqual([]);
  expect(Object.keys(found)).toHaveLength(4);
});
