import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { Convolver } from '../../../src/core/network/convolver.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { Network } from '../../../src/core/network/network.ts';
import { Engine } from '../../../src/core/memory/engine.ts';
import { noise } from './random-networks.ts';

const networkOf = (outChannels: number, stride = 1, engine?: Engine) => {
  const spec: NetworkSpec = { inChannels: 2, layers: [{ type: 'conv1d', outChannels, kernelSize: 3, stride }] };
  return Network.create(spec, { seed: 1, engine });
};

/** Splits frames of two channels into consecutive blocks of these lengths. */
function blocksOf(data: Float32Array, lengths: readonly number[], valid?: Uint8Array): Block[] {
  let start = 0;
  return lengths.map((frames) => {
    const end = start + frames;
    const block = { data: data.slice(2 * start, 2 * end), channels: 2, start, rate: 100, time: 10 * start };
    const cut = valid ? { ...block, valid: valid.slice(start, end) } : block;
    start = end;
    return cut;
  });
}

/** What the recipient does with an output, which it owns, after reading it. */
const uses: Record<string, (block: Block) => void> = {
  keeps: () => undefined,
  overwrites: ({ data, valid }) => {
    data.fill(NaN);
    valid?.fill(9);
  },
  transfers: ({ data }) => void structuredClone(data, { transfer: [data.buffer] }),
};

const cases = fc.record({
  // from a few bytes to more than fit into a shared buffer
  lengths: fc.array(fc.oneof(fc.nat(3), fc.nat(40), fc.nat(300)), { minLength: 1, maxLength: 30 }),
  outChannels: fc.constantFrom(1, 4, 7, 20),
  stride: fc.constantFrom(1, 1, 3),
  use: fc.constantFrom(...Object.keys(uses)),
  gaps: fc.boolean(),
});

describe('Convolver', () => {
  test('returns the outputs of the stream, even if recipients change or transfer earlier outputs (invariant 2)', () => {
    fc.assert(
      fc.property(cases, ({ lengths, outChannels, stride, use, gaps }) => {
        const frames = lengths.reduce((sum, length) => sum + length, 0);
        const x = noise(frames, 2 * frames);
        const valid = gaps ? Uint8Array.from({ length: frames }, (_, t) => Number(t % 11 !== 5)) : undefined;
        const network = networkOf(outChannels, stride);
        const stream = network.stream();
        const expected = stream.push(x, valid);
        const convolver = Convolver.of(network)();
        const samples: number[] = [];
        const validity: number[] = [];
        const kept: { block: Block; copy: Float32Array }[] = [];
        for (const block of blocksOf(x, lengths, valid)) {
          const out = convolver.push(block);
          if (!out) continue;
          expect(out.start).toBe(validity.length);
          samples.push(...out.data);
          validity.push(...out.valid!);
          if (use === 'keeps') kept.push({ block: out, copy: out.data.slice() });
          uses[use](out);
        }
        expect(Float32Array.from(samples)).toEqual(expected);
        expect(Uint8Array.from(validity)).toEqual(stream.valid);
        for (const { block, copy } of kept) expect(block.data).toEqual(copy);
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  test('outputs of several streams of one engine do not overlap', () => {
    const networks = [networkOf(4), networkOf(7), networkOf(4, 3)];
    const convolvers = networks.map((network) => Convolver.of(network)());
    const x = noise(7, 2 * 25 * 40);
    const outputs: { block: Block; copy: Float32Array }[] = [];
    for (const block of blocksOf(
      x,
      Array.from({ length: 40 }, () => 25),
    )) {
      for (const convolver of convolvers) {
        const out = convolver.push(block)!;
        outputs.push({ block: out, copy: out.data.slice() });
      }
    }
    for (const { block, copy } of outputs) expect(block.data).toEqual(copy);
    for (const [c, network] of networks.entries()) {
      const own = outputs.filter((_, i) => i % networks.length === c).flatMap(({ copy }) => [...copy]);
      expect(Float32Array.from(own)).toEqual(network.apply(x));
    }
  });

  test('outputs stay correct when the memory of the engine grows', () => {
    const engine = new Engine('simd');
    const network = networkOf(8, 1, engine);
    const convolver = Convolver.of(network)();
    const x = noise(9, 2 * 100);
    const samples: number[] = [];
    const others: Network[] = [];
    for (const block of blocksOf(x, [25, 25, 25, 25])) {
      samples.push(...convolver.push(block)!.data);
      others.push(networkOf(200_000, 1, engine));
    }
    expect(Float32Array.from(samples)).toEqual(network.apply(x));
  });

  test('an output that is not released retains the memory of at most 16 blocks of its size, or 64 KiB', () => {
    for (const [outChannels, frames] of [
      [1, 1],
      [1, 20],
      [8, 25],
      [20, 200],
      [64, 250],
    ]) {
      const convolver = Convolver.of(networkOf(outChannels))();
      const { data } = convolver.push(blocksOf(noise(1, 2 * frames), [frames])[0])!;
      expect(data.length).toBe(frames * outChannels);
      expect(data.buffer.byteLength).toBeLessThanOrEqual(
        Math.max(data.byteLength, Math.min(16 * data.byteLength, 65_536)),
      );
    }
  });
});
