import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Block, timeOf } from '../../../src/core/blocks/block.ts';
import { Detector } from '../../../src/core/detector/detector.ts';
import { decodeState, encodeState } from '../../../src/core/state/state-file.ts';
import { FaultyStream } from '../alarms/faulty-stream.ts';
import { alarmsOf, blockOf, cut, detected, joined, quiet, rate } from './planted.ts';

const options = { falseAlarms: '1/day', reference: 2000 };

/** Returns the samples and the validity of frame `t` of a block. */
function slice({ data, channels, valid }: Block, t: number): Pick<Block, 'data' | 'valid'> {
  return {
    data: data.slice(t * channels, (t + 1) * channels),
    ...(valid && { valid: valid.slice(t, t + 1) }),
  };
}

describe('Detector', () => {
  test('is causal: a truncated stream has the same scores and alarms as the whole one', () => {
    const data = quiet(3000, { channels: 2 });
    data[2 * 2400] = 400;
    const whole = joined(detected([blockOf(data, 2)], options));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2999 }), (frames) => {
        const short = joined(detected([blockOf(data.subarray(0, 2 * frames), 2)], options));
        expect(short.scores).toEqual(whole.scores.slice(0, frames));
        expect(short.alarms).toEqual(whole.alarms.filter(({ index }) => index < frames));
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  test('returns the same bits for any block sizes', () => {
    const data = quiet(2500, { channels: 2 });
    const whole = joined(detected([blockOf(data, 2)], options));
    expect(whole.alarms.length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 9 }), (lengths) => {
        expect(joined(detected(cut(data, 2, lengths), options))).toEqual(whole);
      }),
      { seed: 2, numRuns: 8 },
    );
  });

  test('returns the same bits after save and restore as without interruption', () => {
    const data = quiet(2600, { channels: 2 });
    data.fill(NaN, 1000, 1007);
    const whole = joined(detected([blockOf(data, 2)], options));
    for (const at of [0, 7, 450, 503, 1201]) {
      const [head, tail] = cut(data, 2, [at]);
      const first = new Detector(2, rate, options);
      const before = first.push(head);
      const { state } = decodeState('detector', encodeState('detector', first.save(), {}));
      const second = new Detector(2, rate, options);
      second.restore(state);
      expect(joined([before, second.push(tail)])).toEqual(whole);
    }
  });

  test('returns for a block what its getters return frame by frame: thresholds before each frame, faults after it', () => {
    const stream = new FaultyStream(9000, 2, 1, 3);
    const [whole, single] = [1, 2].map(() => new Detector(2, 1, { falseAlarms: 1000, reference: 2000 }));
    const changes = new Set<number>();
    for (const block of stream.inBlocks([400, 90])) {
      const { thresholds, faults, read, score } = whole.push(block);
      for (let t = 0; t < read.length; t++) {
        const index = block.start + t;
        expect(thresholds[t]).toBe(single.threshold);
        single.push({ ...block, ...slice(block, t), start: index, time: timeOf(block, index) });
        const { flatlined, drifted } = faults.findLast((change) => change.index <= index)!;
        expect({ flatlined, drifted }).toEqual({ flatlined: single.flatlined, drifted: single.drifted });
        expect(read[t]).toBe(block.valid?.[t] ?? 1);
        if (score.valid?.[t] === 1) expect(read[t]).toBe(1);
      }
      expect(faults[0].index).toBe(block.start);
      for (const { index } of faults.slice(1)) changes.add(index);
    }
    expect(changes.size).toBeGreaterThan(3);
  });

  test('gives the same alarms and scores for any gain and offset of the sensor, to tolerance', () => {
    const data = quiet(2000);
    data[1500] = 60;
    const plain = joined(detected([blockOf(data)]));
    const scaled = joined(detected([blockOf(data.map((x) => 4 * x - 8))]));
    for (const [t, score] of plain.scores.entries()) expect(scaled.scores[t]).toBeCloseTo(score, 1);
    expect(scaled.alarms.map(({ index }) => index)).toEqual(plain.alarms.map(({ index }) => index));
  });

  test('ignores invalid and missing frames, and marks them as invalid in the score', () => {
    const data = quiet(1200);
    const spoiled = data.slice();
    spoiled.fill(1e6, 600, 640);
    const valid = new Uint8Array(1200).fill(1).fill(0, 600, 640);
    const marked = detected([{ ...blockOf(spoiled), valid }])[0];
    expect([...(marked.score.valid ?? [])]).toEqual([...valid]);
    expect([...marked.score.data.subarray(600, 640)]).toEqual(Array(40).fill(0));
    const missing = joined(detected([blockOf(data.subarray(0, 600)), blockOf(data.subarray(640), 1, 640)]));
    expect([...marked.score.data.subarray(640)]).toEqual(missing.scores.slice(600));
  });

  test('a channel of NaN affects no other channel and no score, at any position', () => {
    const living = quiet(1500);
    living[1400] = 90;
    const beside = (place: number) => joined(detected([blockOf(spread(living, place), 2)]));
    const spread = (x: Float32Array, place: number) =>
      Float32Array.from({ length: 2 * x.length }, (_, i) => (i % 2 === place ? x[i >> 1] : NaN));
    const [first, second] = [beside(0), beside(1)];
    expect(first.scores).toEqual(second.scores);
    expect(first.scores[1400]).toBeGreaterThan(3);
    expect(first.scores.every(Number.isFinite)).toBe(true);
    expect(first.alarms.map(({ channels }) => channels[0].channel)).toEqual(first.alarms.map(() => 0));
    expect(second.alarms.map(({ channels }) => channels[0].channel)).toEqual(first.alarms.map(() => 1));
  });

  test('a constant stream, an empty block, and infinite samples raise no alarm', () => {
    expect(alarmsOf(new Float32Array(3000).fill(7))).toEqual([]);
    const [nothing] = detected([blockOf(new Float32Array(0))]);
    expect([nothing.score.data.length, nothing.alarms.length]).toEqual([0, 0]);
    const data = quiet(1500);
    const clean = joined(detected([blockOf(data)])).alarms;
    data[1200] = Infinity;
    expect(joined(detected([blockOf(data)])).alarms.length).toBeLessThanOrEqual(clean.length);
  });

  test('reports a flatlined channel once, with its index and start', () => {
    for (const [name, death] of [
      ['frozen', 33],
      ['gone', NaN],
    ] as const) {
      const data = quiet(2000, { channels: 3 }).map((x, i) => (i % 3 === 1 && i >= 3 * 1500 ? death : x));
      const flatlines = alarmsOf(data, 3).filter(({ cause }) => cause === 'dead');
      expect(flatlines, name).toHaveLength(1);
      expect(flatlines[0]).toMatchObject({ score: 0, since: 1500, channels: [{ channel: 1, share: 1 }] });
      expect(flatlines[0].index).toBeLessThan(1600);
    }
  });

  test('for any samples, every score is a finite number >= 0 and shares sum to 1', () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 200, maxLength: 600 }), (samples) => {
        const data = Float32Array.from(samples.slice(0, samples.length & ~1));
        const { scores, shares } = joined(detected([blockOf(data, 2)], { falseAlarms: 100 }));
        for (const [t, score] of scores.entries()) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThan(20);
          const sum = shares[2 * t] + shares[2 * t + 1];
          if (Number.isFinite(data[2 * t]) || Number.isFinite(data[2 * t + 1])) expect(sum).toBeCloseTo(1, 5);
        }
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  test('a new numbering of frames changes no bit, and no alarm begins before its first frame', () => {
    const data = quiet(2600);
    data.fill(33, 1210);
    const whole = joined(detected([blockOf(data)]));
    const first = new Detector(1, rate);
    const head = joined([first.push(blockOf(data.subarray(0, 1200)))]);
    const second = new Detector(1, rate);
    second.restore(first.save());
    second.renumber();
    const tail = joined([second.push({ ...blockOf(data.subarray(1200), 1, 70), time: 1200 * 300_000 })]);
    expect([...head.scores, ...tail.scores]).toEqual(whole.scores);
    const expected = whole.alarms.filter(({ index }) => index >= 1200);
    expect(expected.map(({ cause }) => cause)).toContain('dead');
    expect(tail.alarms.map(({ index, since }) => [index, since])).toEqual(
      expected.map(({ index, since }) => [index - 1130, Math.max(70, since - 1130)]),
    );
  });

  test('rejects the state of a detector with other channels or another reference period', () => {
    const stateOf = (channels: number, reference?: number) => new Detector(channels, rate, { reference }).save();
    const into = (channels: number, state: ReturnType<typeof stateOf>, reference?: number) => () =>
      new Detector(channels, rate, { reference }).restore(state);
    expect(into(1, stateOf(2))).toThrow('state.watches must be of 1 channels, got 2');
    expect(into(3, stateOf(2))).toThrow('state.watches must be of 3 channels, got 2');
    expect(into(1, stateOf(1, 2000))).toThrow('state.references must be of 0 channels, got 1');
    expect(into(1, stateOf(1), 2000)).toThrow('state.references must be of 1 channels, got 0');
  });

  test('rejects invalid arguments with an error message', () => {
    expect(() => new Detector(0, 1)).toThrow(new RangeError('channels must be an integer >= 1, got 0'));
    expect(() => new Detector(1, 1, { falseAlarms: '1/fortnight' })).toThrow(
      "falseAlarms must be a count per second, minute, hour, day, week, month, year, such as '1/month', got '1/fortnight'",
    );
    expect(() => new Detector(1, 1, { falseAlarms: -1 })).toThrow(
      'falseAlarms must be a number >= 1, the mean number of frames between false alarms, got -1',
    );
    for (const falseAlarms of [0.5, NaN, Infinity, '1/constructor', `${'9'.repeat(400)}/day`])
      expect(() => new Detector(1, 1, { falseAlarms })).toThrow(/^falseAlarms must be a (number|count)/);
    expect(() => new Detector(1, 0, { falseAlarms: '1/day' })).toThrow(
      "block.rate must be a number > 0 in Hz for falseAlarms '1/day' (irregular: give the mean number of frames between false alarms), got 0",
    );
    expect(() => new Detector(1, 1, { reference: 1999 })).toThrow('reference must be an integer >= 2000, got 1999');
    expect(() => new Detector(1, 1, { reference: 2000, learning: false })).toThrow('omitted if learning is false');
    const detector = new Detector(1, rate);
    detector.push(blockOf(quiet(5)));
    expect(() => detector.push(blockOf(quiet(5), 1, 4))).toThrow('block.start must be >= 5, got 4');
    expect(() => detector.push(blockOf(quiet(6), 2, 5))).toThrow('block.channels must be 1, as before, got 2');
    expect(() => detector.push({ ...blockOf(quiet(5), 1, 5), rate: 2 })).toThrow('block.rate must be');
  });
});
