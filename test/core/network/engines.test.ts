import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adam, rmsprop } from '../../../src/core/learning/optimizers/adam.ts';
import { Engine } from '../../../src/core/memory/engine.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { nlms, sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { plain, simd } from '../../engines.ts';
import { networkOf, noise, seeds, specs } from './random-networks.ts';

const bits = (numbers: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(numbers).buffer)];
const optimizers = [
  () => sgd({ learningRate: 0.01 }),
  () => sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  () => nlms({ learningRate: 0.1 }),
  () => rmsprop({ learningRate: 0.01 }),
  () => adam({ learningRate: 0.01 }),
];

/** Returns outputs, gradients, and weights of a network that learns while its stream is saved and restored in either engine. */
function trainingResults(spec: NetworkSpec, seed: number, engine: Engine, changing: Engine): number[][] {
  const [network, other] = [networkOf(spec, seed, engine), networkOf(spec, seed, changing)];
  const optimizer = optimizers[seed % optimizers.length]();
  let stream = network.stream({ gradients: true, maxPending: 1e5 });
  const [y, dx]: number[][] = [[], []];
  for (let block = 0; block < 6; block++) {
    const out = stream.push(noise(seed + block, 5 * network.inChannels));
    y.push(...out);
    dx.push(...stream.backward(out));
    optimizer.step(network, stream);
    other.setWeights(network.weights());
    if (block % 2) stream = network.restore(other.restore(stream.save()).save());
  }
  y.push(...stream.flush());
  dx.push(...stream.flushGradient());
  return [bits(y), bits(dx), ...Object.values(network.weights()).map(({ data }) => bits(data))];
}

describe('SIMD and TypeScript', () => {
  test('give the same bits for any stack: forward, backward, learning, and a state restored in the other engine', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      expect(trainingResults(spec, seed, simd, plain)).toEqual(trainingResults(spec, seed, plain, simd));
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 88, numRuns: 200 });
  });
});

describe('an engine', () => {
  const spec: NetworkSpec = { inChannels: 6, layers: [{ type: 'conv1d', outChannels: 8, kernelSize: 16 }] };

  test('holds 10,000 streams, and reuses all of their memory after they are closed', () => {
    const engine = new Engine('simd');
    const network = networkOf(spec, 1, engine);
    const x = noise(1, 6 * 40);
    const expected = network.apply(x);
    const before = engine.bytes;
    const streams = Array.from({ length: 10_000 }, () => network.stream());
    for (const stream of streams) expect(stream.push(x)).toEqual(expected);
    const held = engine.bytes - before;
    expect(held).toBeGreaterThan(10_000 * 15 * 6 * 4);
    for (const stream of streams) stream.close();
    expect(engine.bytes).toBe(before);
    expect(network.stream().push(x)).toEqual(expected);
  });

  test('releases the memory of a stream some time after it became unreachable', async () => {
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const engine = new Engine('simd');
    const network = networkOf(spec, 1, engine);
    network.apply(noise(1, 6));
    const before = engine.bytes;
    (() => {
      for (let i = 0; i < 100; i++) network.stream().push(noise(i, 6));
    })();
    expect(engine.bytes).toBeGreaterThan(before);
    for (let turn = 0; turn < 50 && engine.bytes > before; turn++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(engine.bytes).toBe(before);
  });

  test('rejects calls to a closed stream', () => {
    const stream = networkOf(spec, 1).stream();
    stream.close();
    stream.close();
    expect(() => stream.push(noise(1, 6))).toThrow(new TypeError('the stream is closed'));
  });

  test('rejects an unknown kind', () => {
    expect(() => new Engine('gpu' as never)).toThrow("kind must be one of simd, plain, fused, got 'gpu'");
  });
});
