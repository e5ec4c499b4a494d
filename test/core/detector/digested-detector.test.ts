import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, frameCount } from '../../../src/core/blocks/block.ts';
import { Detector } from '../../../src/core/detector/detector.ts';
import { type DigestedDetection, DigestedDetector } from '../../../src/core/detector/digested-detector.ts';
import { decodeState, encodeState } from '../../../src/core/state/state-file.ts';
import { FaultyStream } from '../alarms/faulty-stream.ts';
import { inBlocks, noise } from '../alarms/quiet-stream.ts';

const rate = 50;
const options = { falseAlarms: 1000, reference: 2000, digest: 'auto' } as const;
const stream = new FaultyStream(30_000, 2, rate, 5);

/** Returns the frames of all results: the flags by input frame, and everything by detector frame. */
function joined(blocks: readonly Block[], results: readonly DigestedDetection[]): Record<string, unknown[]> {
  const detected = results.flatMap((result) => result.detected);
  return {
    flags: results.flatMap(({ alarmed }, n) => Array.from(alarmed, (flag, t) => [blocks[n].start + t, flag])),
    indexes: detected.flatMap(({ score, alarmed }) => Array.from(alarmed, (flag, t) => [score.start + t, flag])),
    scores: detected.flatMap(({ score }) => [...score.data]),
    valid: detected.flatMap(({ score }) => [...(score.valid ?? [])]),
    shares: detected.flatMap(({ shares }) => [...shares.data]),
    read: detected.flatMap(({ read }) => [...read]),
    thresholds: detected.flatMap(({ thresholds }) => [...thresholds]),
    alarms: detected.flatMap(({ alarms }) => alarms),
  };
}

function detect(
  blocks: readonly Block[],
  detector = new DigestedDetector(2, rate, options),
): Record<string, unknown[]> {
  return joined(
    blocks,
    blocks.map((block) => detector.push(block)),
  );
}

describe('DigestedDetector', () => {
  test('returns the same bits for any block sizes, with gaps, invalid frames, and NaN', () => {
    const whole = detect(stream.inBlocks([30_000]));
    expect(whole.alarms.length).toBeGreaterThan(5);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }), (lengths) => {
        expect(detect(stream.inBlocks(lengths))).toEqual(whole);
      }),
      { seed: 1, numRuns: 5 },
    );
  });

  test('gives every input frame the flag of the newest complete detector frame', () => {
    const { flags, indexes } = detect(stream.inBlocks([25])) as {
      flags: [number, number][];
      indexes: [number, number][];
    };
    let [n, newest] = [0, 0];
    for (const [index, flag] of flags) {
      for (; n < indexes.length && (indexes[n][0] + 1) * 5 - 1 <= index; n++) newest = indexes[n][1];
      expect([index, flag]).toEqual([index, newest]);
    }
    expect(new Set(flags.map(([, flag]) => flag)).size).toBe(2);
  });

  test('keeps a flag through a gap until another detector frame is complete', () => {
    const detector = new DigestedDetector(1, rate, { falseAlarms: 1e5, digest: 'auto' });
    const flags = (block: Block) => [...detector.push(block).alarmed];
    const spiked = noise(8000, 1, (t, _, x) => (t === 7991 ? 900 : x));
    for (const block of inBlocks(spiked.subarray(0, 7990), 1, rate, 35)) flags(block);
    const [spike] = inBlocks(spiked.subarray(7990), 1, rate, 5, 7990);
    expect(flags(spike)).toEqual([0, 0, 0, 0, 1]);
    const [later] = inBlocks(noise(4, 1), 1, rate, 4, 9000);
    expect(flags(later)).toEqual([1, 1, 1, 1]);
  });

  test('returns the same bits after save and restore at any frame as without interruption', () => {
    const blocks = stream.inBlocks([7, 3, 1]).slice(0, 4000);
    const whole = detect(blocks);
    for (const at of [0, 1, 1000, 2501, 3333]) {
      const [before, after] = [new DigestedDetector(2, rate, options), new DigestedDetector(2, rate, options)];
      const head = blocks.slice(0, at).map((block) => before.push(block));
      after.restore(decodeState('detector', encodeState('detector', before.save(), {})).state);
      const tail = blocks.slice(at).map((block) => after.push(block));
      expect(joined(blocks, [...head, ...tail])).toEqual(whole);
    }
  });

  test('keeps its learned state when a new numbering begins, and discards an incomplete detector frame', () => {
    const [detector, expected] = [new DigestedDetector(2, rate, options), new DigestedDetector(2, rate, options)];
    const [first, second] = inBlocks(noise(6000, 2), 2, rate, 3000);
    for (const one of [detector, expected]) one.push(first);
    detector.push({ ...second, data: second.data.slice(0, 6) });
    for (const one of [detector, expected]) one.renumber();
    expect(detector.push({ ...second, start: 0 })).toEqual(expected.push({ ...second, start: 0 }));
  });

  test('returns the results of a detector if the stream is slow or the digest is off', () => {
    for (const [hz, digest] of [
      [10, 'auto'],
      [50, 'none'],
      [50, undefined],
    ] as const) {
      const detector = new Detector(2, hz, { falseAlarms: 1000 });
      const digested = new DigestedDetector(2, hz, { falseAlarms: 1000, digest });
      expect(digested.every).toBe(1);
      for (const block of new FaultyStream(3000, 2, hz, 1).inBlocks([80, 7])) {
        const detected = detector.push(block);
        expect(digested.push(block)).toEqual({ detected: [detected], alarmed: detected.alarmed });
      }
    }
  });

  test('restores the state of a detector, without an incomplete frame', () => {
    const learned = new Detector(4, 10, { falseAlarms: 1000 });
    learned.push(inBlocks(noise(900, 4), 4, 10, 900)[0]);
    const digested = new DigestedDetector(2, rate, { falseAlarms: 1000, digest: 'auto' });
    digested.restore(learned.save());
    digested.renumber();
    const [detected] = digested.push(inBlocks(noise(50, 2), 2, rate, 50)[0]).detected;
    expect(frameCount(detected.score)).toBe(10);
    expect(detected.score.data.every((score) => score > 0)).toBe(true);
  });

  test('rejects blocks of another shape, and unknown options', () => {
    const detector = new DigestedDetector(2, rate, options);
    const [block] = inBlocks(noise(10, 2), 2, rate, 10);
    expect(() => detector.push({ ...block, rate: 60 })).toThrow('block.rate must be 50 Hz, as before, got 60');
    expect(() => detector.push({ ...block, channels: 4 })).toThrow('block.channels must be 2, as before, got 4');
    expect(() => new DigestedDetector(2, rate, { digest: 'yes' as 'auto' })).toThrow(
      "digest must be one of auto, none, got 'yes'",
    );
    expect(() => new DigestedDetector(0, rate)).toThrow('channels must be an integer >= 1, got 0');
  });
});
