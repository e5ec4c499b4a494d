import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { NetworkStream } from '../../src/core/network/network-stream.ts';
import { Network } from '../../src/core/network/network.ts';
import { convolve } from '../../src/operators/convolve.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { countingBlock, noiseBlocks, samplesIn } from './make-blocks.ts';

const through = (blocks: Block[], network: Parameters<typeof convolve>[0]) =>
  lastValueFrom(from(blocks).pipe(convolve(network), toArray()));

const strided = Network.create({
  inChannels: 2,
  layers: [
    { type: 'conv1d', outChannels: 3, kernelSize: 4, stride: 2, phase: 1 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 2, kernelSize: 3, dilation: 2, mode: 'same' },
  ],
});

describe('convolve', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => convolve(strided),
      () => noiseBlocks([5, 0, 7, 1, 12]),
      { frames: 12 },
    );
    verifyOperator(
      () => convolve(strided, { eager: true }),
      () => noiseBlocks([5, 0, 7, 1, 12]),
      { frames: 12 },
    );
    verifyOperator(
      () => convolve([0.5, 0.25, 0.25]),
      () => noiseBlocks([5, 0, 7, 1, 12]),
      { frames: 25 },
    );
  });

  test('with eager, precomputes after its outputs were emitted, with the same results', async () => {
    const blocks = noiseBlocks([1, 1, 3, 1, 9]);
    const spy = vi.spyOn(NetworkStream.prototype, 'prepare');
    const eager: Block[] = [];
    const preparedBefore: number[] = [];
    from(blocks)
      .pipe(convolve(strided, { eager: true }))
      .subscribe((block) => {
        preparedBefore.push(spy.mock.calls.length);
        eager.push(block);
      });
    expect(spy).toHaveBeenCalledTimes(blocks.length);
    spy.mockRestore();
    expect(eager).toEqual(await through(blocks, strided));
    // the last block's outputs are emitted after the idle calls of all others; the tail after all
    expect(preparedBefore.slice(-2)).toEqual([blocks.length - 1, blocks.length]);
  });

  test('applies a bare kernel to every channel, tap 0 to the newest frame', async () => {
    const [out] = await through([countingBlock(0, 3, { channels: 2 })], [1, 0, -1]);
    expect([...out.data]).toEqual([0, 1, 10, 11, 20, 20]);
    expect([...(out.valid ?? [])]).toEqual([0, 0, 1]);
  });

  test('numbers its outputs, with the time of the frame that the first one is aligned with', async () => {
    const network = {
      inChannels: 1,
      layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 2, stride: 4, phase: 3 }],
    };
    const blocks = [countingBlock(0, 3), countingBlock(3, 6), countingBlock(9, 3)];
    const outputs = await through(blocks, network);
    expect(outputs.map(({ start, time, rate, data }) => [start, time, rate, data.length])).toEqual([
      [0, 30, 25, 2],
      [2, 110, 25, 1],
    ]);
  });

  test('continues in phase after a gap, and marks outputs whose window includes it', async () => {
    const network = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 3, stride: 2 }] };
    const whole = await through([countingBlock(0, 40)], network);
    for (const gap of [1, 2, 5, 7]) {
      const parts = await through([countingBlock(0, 11), countingBlock(11 + gap, 29 - gap)], network);
      const first = Math.ceil((11 + gap) / 2);
      expect(parts[1].start).toBe(first);
      const valid = [...(parts[1].valid ?? [])];
      const sees = Math.ceil((11 + gap + 2) / 2) - first;
      expect(valid).toEqual(valid.map((_, i) => (i < sees ? 0 : 1)));
      expect(samplesIn(parts).slice(-8)).toEqual(samplesIn(whole).slice(-8));
    }
  });

  test('can start in the middle of a stream, and processes a gap of a billion frames in constant time', async () => {
    const parts = await through([countingBlock(1e9, 8), countingBlock(3e9 + 1, 8)], [1, 1]);
    expect(parts.map(({ start }) => start)).toEqual([1e9, 3e9 + 1]);
    expect([...(parts[1].valid ?? [])]).toEqual([0, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('reports what does not match', async () => {
    expect(() => convolve([])).toThrow('kernel must be one or more finite numbers, got []');
    expect(() => convolve({ inChannels: 0, layers: [] })).toThrow('inChannels must be an integer >= 1, got 0');
    await expect(through([countingBlock(0, 2)], strided)).rejects.toThrow('block.channels must be 2, got 1');
    await expect(through([countingBlock(4, 2), countingBlock(5, 2)], [1])).rejects.toThrow(
      'block.start must be >= 6, the next frame, got 5',
    );
  });

  test('uses changed weights from the next output on', () => {
    const network = Network.create({
      inChannels: 1,
      layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 1, bias: false }],
    });
    const set = (tap: number) => network.setWeights({ 'layers.0.weight': { shape: [1, 1, 1], data: [tap] } });
    set(1);
    const outputs: number[] = [];
    from([countingBlock(1, 1), countingBlock(2, 1)])
      .pipe(convolve(network))
      .subscribe(({ data }) => {
        outputs.push(data[0]);
        set(-1);
      });
    expect(outputs).toEqual([10, -20]);
  });
});
