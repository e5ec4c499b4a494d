/**
 * Measures the parts of one frame's cost: `npx tsx bench/parts.ts`. Times the engine's public calls, forward and learning,
 * and the inner loops alone, interleaved. Prints medians in ns.
 */
import { Network, sgd } from '../src/index.ts';
import { machine, table } from './report.ts';
import { median } from './rounds.ts';
import { workloadOf } from './workloads.ts';

const [rounds, calls] = [41, 5000];

function partsOf(name: string): Record<string, () => void> {
  const { spec, weights, blocks, inChannels: C, outChannels: O, receptiveField } = workloadOf(name, 1);
  const network = Network.create(spec, { weights });
  const [{ at: w, count }, { at: b }] = network.values;
  const { arena, kernels } = network.engine;
  const length = receptiveField * C;
  const [x, g, y, dx, copy] = [length + 4, O, O, length + 4, count].map((numbers) => arena.allocate(numbers));
  arena.f32.set(blocks[0], x);
  arena.f32.fill(0.01, g, g + O);
  const trained = Network.create(spec, { weights });
  const [forward, learning] = [network.stream(), trained.stream({ gradients: true })];
  const optimizer = sgd({ learningRate: 1e-6 });
  const [out, slopes, rows] = [new Float32Array(O), new Float32Array(O).fill(0.01), new Float32Array(4 * length)];
  return {
    'forward, one frame': () => forward.pushInto(blocks[0], out),
    'its convolution kernel': () => {
      kernels.convolve(x, C, 1, w, b, length, O, y, O);
    },
    'learning step': () => {
      learning.pushInto(blocks[0], out);
      learning.backwardInto(slopes, rows);
      optimizer.step(trained, learning);
    },
    'its input-gradient kernel': () => {
      kernels.inputGradient(g, O, 1, w, length, O, dx, C);
    },
    'its weight-update kernel': () => {
      kernels.descend(x, C, 1, g, O, length, O, copy, 0, 1e-6, -1);
    },
  };
}

function time(act: () => void): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) act();
  return (1e6 * (performance.now() - start)) / calls;
}

console.log(machine());
for (const name of ['W1', 'W2']) {
  const parts = Object.entries(partsOf(name));
  const times = parts.map((): number[] => []);
  for (let round = 0; round < rounds; round++) parts.forEach(([, act], i) => times[i].push(time(act)));
  const rowsOf = parts.map(([part], i) => [part, median(times[i]).toFixed(0)]);
  console.log(`\n${name}\n\n${table(['part', 'ns'], rowsOf)}`);
}
