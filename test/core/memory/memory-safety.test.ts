import { describe, expect, test } from 'vitest';
import { adam } from '../../../src/core/learning/optimizers/adam.ts';
import { Engine } from '../../../src/core/memory/engine.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { Arena } from '../../../src/kernels/arena.ts';
import { Scratch } from '../../../src/core/memory/rows.ts';
import { networkOf, noise } from '../network/random-networks.ts';

const conv = (more: Partial<LayerSpec> = {}): NetworkSpec => ({
  inChannels: 2,
  layers: [{ type: 'conv1d', outChannels: 3, kernelSize: 6, ...more } as LayerSpec],
});

/** Networks whose weights no one else may overwrite. */
function guardNetworks(engine: Engine): () => void {
  const networks = Array.from({ length: 40 }, (_, seed) => networkOf(conv(), seed, engine));
  const before = networks.map((network) => network.weights());
  return () => {
    expect(networks.map((network) => network.weights())).toEqual(before);
  };
}

describe('a stream writes only to its own memory', () => {
  test('when gradients are flushed before its padding is known', () => {
    const engine = new Engine('simd');
    const network = networkOf(conv({ padding: 'reflect' }), 1, engine);
    const stream = network.stream({ gradients: true });
    const expectUnchanged = guardNetworks(engine);
    const rows: number[] = [];
    stream.push(noise(1, 10));
    rows.push(...stream.flushGradient());
    const restored = network.restore(stream.save());
    for (const each of [stream, restored]) {
      const y = each.push(noise(2, 60));
      const dx = each.backward(y);
      expect(dx.every(Number.isFinite)).toBe(true);
      expect(rows.length + dx.length + each.flushGradient().length).toBe(70);
    }
    expect(restored.gradients()).toEqual(stream.gradients());
    expectUnchanged();
  });

  test('when it is closed', () => {
    const engine = new Engine('simd');
    const network = networkOf(conv(), 1, engine);
    const stream = network.stream({ gradients: true });
    stream.backward(stream.push(noise(1, 40)));
    stream.close();
    const expectUnchanged = guardNetworks(engine);
    const open = new TypeError('the stream is closed');
    for (const optimizer of [sgd({ rate: 0.1 }), adam({ rate: 0.1 })])
      expect(() => {
        optimizer.step(network, stream);
      }).toThrow(open);
    expect(() => stream.gradients()).toThrow(open);
    expectUnchanged();
  });

  test('when an optimizer with state is used with another engine', () => {
    const [engine, other] = [new Engine('simd'), new Engine('simd')];
    const optimizer = adam({ rate: 0.1 });
    for (const at of [engine, other]) {
      const network = networkOf(conv(), 1, at);
      const stream = network.stream({ gradients: true });
      stream.backward(stream.push(noise(1, 40)));
      const expectUnchanged = guardNetworks(at);
      const step = () => {
        optimizer.step(network, stream);
      };
      if (at === engine) step();
      else expect(step).toThrow('network must be on the same engine as before, got one on another engine');
      expectUnchanged();
    }
  });

  test('when the memory could not grow', () => {
    const arena = new Arena(new WebAssembly.Memory({ initial: 2, maximum: 8 }));
    const scratch = new Scratch(arena);
    scratch.rows(100, 4);
    expect(() => scratch.rows(1e6, 4)).toThrow('memory must have room for');
    scratch.reset();
    const rows = scratch.rows(300, 4);
    const part = arena.allocate(4000);
    expect(part >= rows.at + 1200 || part + 4000 <= rows.at).toBe(true);
    expect(() => arena.allocate(2 ** 31)).toThrow('memory must have room for');
    expect(arena.used).toBeGreaterThan(0);
  });
});

describe('a stream does not allocate more than it needs', () => {
  test.each([
    ['are flushed', (stream: { flushGradient(): unknown }) => stream.flushGradient()],
    ['belong to non-finite frames', undefined],
  ])('when all gradients but one %s, for any length of time', (_, flush) => {
    const engine = new Engine('simd');
    const network = networkOf(conv(), 1, engine);
    const stream = network.stream({ gradients: true });
    const turn = (x: Float32Array) => {
      const y = stream.push(x);
      if (flush) flush(stream);
      else stream.backward(y.fill(1));
    };
    stream.backward(stream.push(noise(1, 2)).fill(1));
    const x = flush ? noise(2, 2) : new Float32Array(2).fill(NaN);
    for (let t = 0; t < 200; t++) turn(x);
    const before = engine.bytes;
    for (let t = 0; t < 5000; t++) turn(x);
    expect(engine.bytes).toBe(before);
  });
});
