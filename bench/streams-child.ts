/**
 * Makes many streams of W1 in a process of its own, and sends home what they take and what a frame costs when the
 * streams take turns.
 *
 *     streams-child.ts COUNT false     they share a network
 *     streams-child.ts COUNT true      each has a network of its own and learns from every frame
 */
import { Network, random, sgd } from 'tapline';
import { collectGarbage } from './garbage.ts';
import { median } from './rounds.ts';
import type { StreamCosts } from './streams.ts';
import { workloadOf } from './workloads.ts';

const [count, learning] = process.argv.slice(2).map((text) => JSON.parse(text) as number | boolean) as [
  number,
  boolean,
];
const { spec, weights, blocks: frames, inChannels, outChannels, receptiveField } = workloadOf('W1', 1);
const { blocks: tens } = workloadOf('W1', 10);
const chance = random(2);
const gradients = [1, 10].map((step) => Float32Array.from({ length: step * outChannels }, () => chance.normal()));
const y = new Float32Array(10 * outChannels);
const gradientX = new Float32Array(4 * (receptiveField + 10) * inChannels);
const shared = Network.create(spec, { weights });

type Push = (x: Float32Array) => void;

function makeShared(): Push {
  const stream = shared.stream();
  return (x) => {
    stream.pushInto(x, y);
  };
}

function makeLearning(): Push {
  const network = shared.clone();
  const stream = network.stream({ gradients: true });
  const optimizer = sgd({ rate: 1e-6 });
  return (x) => {
    stream.pushInto(x, y);
    stream.backwardInto(gradients[x.length > inChannels ? 1 : 0], gradientX);
    optimizer.step(network, stream);
  };
}

async function memory(): Promise<StreamCosts['bytes']> {
  for (let i = 0; i < 3; i++) await collectGarbage('major');
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed, arena: shared.engine.bytes };
}

/** Every stream takes one of `inputs`, a turn for each of them. */
function turns(streams: readonly Push[], inputs: readonly Float32Array[]): void {
  for (const x of inputs) for (const push of streams) push(x);
}

/** µs a frame: median of a few measurements, each at least 100 ms long. */
function time(streams: readonly Push[], inputs: readonly Float32Array[]): number {
  const means: number[] = [];
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    let pushed = 0;
    let ms = 0;
    for (let turn = 0; ms < 100; turn++, ms = performance.now() - start) {
      turns(streams, [inputs[turn & (inputs.length - 1)]]);
      pushed += streams.length;
    }
    means.push((1000 * ms) / (pushed * (inputs[0].length / inChannels)));
  }
  return median(means);
}

const make = learning ? makeLearning : makeShared;
const first = make();
for (let i = 0; i < 100; i++) turns([first], [...frames, ...tens]);
const before = await memory();
const streams = Array.from({ length: count }, make);
turns(streams, [...frames.slice(0, receptiveField), tens[0]]);
const after = await memory();
const costs: StreamCosts = {
  bytes: {
    rss: (after.rss - before.rss) / count,
    heap: (after.heap - before.heap) / count,
    arena: (after.arena - before.arena) / count,
  },
  us: [time(streams, frames), time(streams, tens)],
};
process.send!(costs);
