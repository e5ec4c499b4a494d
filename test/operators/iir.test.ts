import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Biquad, butterworthHighPass, notch } from '../../src/core/filters/biquad.ts';
import { iir } from '../../src/operators/iir.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { noiseBlocks, samplesIn } from './make-blocks.ts';

const sections = [notch(20, { rate: 100 }), butterworthHighPass(1, { rate: 100 })];

describe('iir', () => {
  test('satisfies the operator invariants', () => {
    verifyOperator(
      () => iir(sections),
      () => noiseBlocks([4, 0, 9, 1]),
      { frames: 14 },
    );
  });

  test('equals the core filter on the whole recording', async () => {
    const input = noiseBlocks([4, 9, 3]);
    const out = await lastValueFrom(from(input).pipe(iir(sections), toArray()));
    const whole = new Biquad(sections).push(Float32Array.from(samplesIn(input)), 2);
    expect(Float32Array.from(samplesIn(out))).toEqual(whole);
  });

  test('resets its state when channels or rate change', async () => {
    const [one] = noiseBlocks([5]);
    const [, again] = await lastValueFrom(from([one, { ...one, rate: 50 }]).pipe(iir(sections), toArray()));
    const [alone] = await lastValueFrom(from([one]).pipe(iir(sections), toArray()));
    expect(again.data).toEqual(alone.data);
  });

  test('rejects an invalid section', () => {
    expect(() => iir([{ b: [1, 0], a: [1, 0, 0] } as never])).toThrow(TypeError);
  });
});
