import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, frameCount } from '../../../src/core/blocks/block.ts';
import { detectorInput, Digest } from '../../../src/core/detector/digest.ts';
import { decodeState, encodeState } from '../../../src/core/state/state-file.ts';
import { FaultyStream } from '../alarms/faulty-stream.ts';
import { inBlocks, noise } from '../alarms/quiet-stream.ts';

/** Returns every output frame: its index, validity, and samples. */
function framesOf(blocks: readonly Block[]): unknown[] {
  return blocks.flatMap(({ data, channels, start, valid }) =>
    Array.from({ length: data.length / channels }, (_, t) => [
      start + t,
      valid?.[t] ?? 1,
      [...data.subarray(t * channels, (t + 1) * channels)],
    ]),
  );
}

const lengths = fc.array(fc.integer({ min: 1, max: 95 }), { minLength: 1, maxLength: 7 });

describe('Digest', () => {
  test('contains the mean and the range of every channel over each window, for any block sizes', () => {
    const data = noise(95, 2, (t, c, x) => (t === 33 && c === 1 ? NaN : x));
    const expected = Array.from({ length: 9 }, (_, n) =>
      [0, 1].flatMap((c) => {
        const samples = Array.from({ length: 10 }, (_, t) => data[(10 * n + t) * 2 + c]).filter(Number.isFinite);
        const sum = samples.reduce((total, x) => total + x, 0);
        return [sum / samples.length, Math.max(...samples) - Math.min(...samples)].map(Math.fround);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 95 }), (length) => {
        const digest = new Digest(2, 10);
        const out = inBlocks(data, 2, 100, length).flatMap((block) => digest.push(block));
        expect(framesOf(out)).toEqual(expected.map((samples, n) => [n, 1, samples]));
        for (const { start, time, rate } of out) expect([time, rate]).toEqual([start * 100 + 90, 10]);
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  test('returns the same frames for any block sizes, with gaps, invalid frames, and NaN', () => {
    const stream = new FaultyStream(8000, 2, 100, 1);
    const pushed = (blocks: readonly Block[]) => {
      const digest = new Digest(2, 10);
      return framesOf(blocks.flatMap((block) => digest.push(block)));
    };
    const whole = pushed(stream.inBlocks([8000]));
    expect(whole.length).toBeGreaterThan(700);
    fc.assert(
      fc.property(lengths, (lengths) => {
        expect(pushed(stream.inBlocks(lengths))).toEqual(whole);
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  test('returns consecutive frames in one block, and a second block only after a gap', () => {
    const digest = new Digest(2, 10);
    for (const block of new FaultyStream(8000, 2, 100, 1).inBlocks([95, 9, 120])) {
      const blocks = digest.push(block);
      expect(blocks.length).toBeLessThanOrEqual(2);
      if (blocks.length === 2) expect(blocks[1].start).toBeGreaterThan(blocks[0].start + frameCount(blocks[0]));
    }
  });

  test('returns the same bits after save and restore at any frame as without interruption', () => {
    const stream = new FaultyStream(4000, 2, 100, 2);
    const blocks = stream.inBlocks([7, 3, 1]);
    const digest = new Digest(2, 10);
    const whole = framesOf(blocks.flatMap((block) => digest.push(block)));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: blocks.length }), (at) => {
        const [before, after] = [new Digest(2, 10), new Digest(2, 10)];
        const head = blocks.slice(0, at).flatMap((block) => before.push(block));
        after.restore(decodeState('detector', encodeState('detector', before.save(), {})).state);
        const tail = blocks.slice(at).flatMap((block) => after.push(block));
        expect(framesOf([...head, ...tail])).toEqual(whole);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  test('covers the samples before a gap, is NaN without samples, and invalid without a valid frame', () => {
    const digest = new Digest(1, 10);
    const block = (start: number, ...samples: number[]) => ({
      data: Float32Array.from(samples),
      channels: 1,
      start,
      rate: 10,
      time: 0,
    });
    expect(digest.push(block(8, 1, 2, 3))).toMatchObject([{ start: 0, data: Float32Array.of(1.5, 1) }]);
    expect(digest.push(block(57, 7, NaN, NaN, NaN))).toMatchObject([
      { start: 1, data: Float32Array.of(3, 0) },
      { start: 5, data: Float32Array.of(7, 0) },
    ]);
    expect(digest.push({ ...block(61, 9, 9), valid: Uint8Array.of(0, 0) })).toEqual([]);
    const [missing] = digest.push(block(70, NaN));
    expect(missing).toMatchObject({ start: 6, data: Float32Array.of(NaN, NaN) });
    expect(missing.valid).toBeUndefined();
    digest.push({ ...block(80, 9), valid: Uint8Array.of(0) });
    expect(digest.push(block(90, 1))).toMatchObject([{ start: 8, valid: Uint8Array.of(0) }]);
  });

  test('discards an incomplete window when a new numbering begins', () => {
    const [digest, fresh] = [new Digest(2, 10), new Digest(2, 10)];
    const [first, ...rest] = inBlocks(noise(40, 2), 2, 100, 13);
    digest.push(first);
    digest.renumber();
    for (const block of [first, ...rest]) expect(digest.push(block)).toEqual(fresh.push(block));
  });

  test('rejects a block that goes back in time, and a state with another shape', () => {
    const digest = new Digest(2, 10);
    const [first] = inBlocks(noise(40, 2), 2, 100, 13);
    digest.push(first);
    expect(() => digest.push(first)).toThrow('block.start must be >= 13, got 0');
    expect(() => new Digest(1, 10).restore(digest.save())).toThrow('state.sum.length must be 1, got 2');
  });
});

describe('detectorInput', () => {
  test('reads streams up to 25 Hz directly, and digests faster ones to about 10 Hz', () => {
    expect(detectorInput(25, 3)).toEqual({ every: 1, rate: 25, channels: 3 });
    expect(detectorInput(0, 3)).toEqual({ every: 1, rate: 0, channels: 3 });
    expect(detectorInput(250, 3)).toEqual({ every: 25, rate: 10, channels: 6 });
    expect(detectorInput(256, 1)).toEqual({ every: 26, rate: 256 / 26, channels: 2 });
  });
});
