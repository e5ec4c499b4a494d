import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  map,
  mergeMap,
  NEVER,
  Observable,
  type OperatorFunction,
  scan,
  tap,
} from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { BlockCutter } from '../../src/core/blocks/block-cutter.ts';
import { frames } from '../../src/operators/blocks.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { noiseBlocks } from '../operators/make-blocks.ts';

type BlockOperator = OperatorFunction<Block, Block>;
const input = () => noiseBlocks([4, 3, 5, 2]);
const verify = (make: () => BlockOperator, options = {}) => verifyOperator(make, input, options);

/** A running sum of all samples whose state is passed in. */
function summing(total: { sum: number }) {
  return (block: Block): Block => ({ ...block, data: block.data.map((x) => (total.sum += x)) });
}

describe('verifyOperator', () => {
  test('accepts an operator that satisfies every invariant', () => {
    verify(() => (source) => defer(() => source.pipe(map(summing({ sum: 0 })))), { frames: 14 });
  });

  test('detects state that is created with the operator', () => {
    const shared = (): BlockOperator => map(summing({ sum: 0 }));
    expect(() => verify(shared)).toThrow(
      /^two subscribers, the second after the first: is state created outside defer\?/,
    );
  });

  test('detects state that all operators share', () => {
    const total = { sum: 0 };
    expect(() => verify(() => map(summing(total)))).toThrow(/^values, repeated with a new operator/);
  });

  test('detects a lost tail', () => {
    const lossy = (): BlockOperator => (source) =>
      defer(() => {
        const cutter = new BlockCutter(5);
        return source.pipe(concatMap((block) => cutter.push(block)));
      });
    expect(() => verify(lossy, { frames: 14 })).toThrow('completion flushes: the operator must emit 14 frames, got 10');
  });

  test('detects a tail that is flushed after an error', () => {
    const leaky = (): BlockOperator => (source) =>
      new Observable((subscriber) => {
        const cutter = new BlockCutter(5);
        const flush = () => cutter.flush().forEach((block) => subscriber.next(block));
        return source.subscribe({
          next: (block) => cutter.push(block).forEach((full) => subscriber.next(full)),
          error: (error) => {
            flush();
            subscriber.error(error);
          },
          complete: () => {
            flush();
            subscriber.complete();
          },
        });
      });
    expect(() => verify(leaky)).toThrow(/^error, after the outputs so far and without flushing/);
  });

  test('detects a wrong order with a re-entrant source', () => {
    const eager = (): BlockOperator => (source) => source.pipe(mergeMap((block) => [block, block]));
    expect(() => verify(eager, { anyCut: false })).toThrow(/^re-entrant source/);
    const orderly = (): BlockOperator => (source) => source.pipe(concatMap((block) => [block, block]));
    verify(orderly, { anyCut: false });
  });

  test('detects an output that depends on block sizes', () => {
    const perBlock = (): BlockOperator =>
      map((block) => ({ ...block, data: block.data.map((x) => x - block.data[0]) }));
    expect(() => verify(perBlock)).toThrow(/^any block sizes, with 1 frames per block: output\.\d+\.samples\.\d+ is/);
  });

  test('detects an operator that modifies its input', () => {
    const vandal = (): BlockOperator => tap((block) => block.data.fill(0));
    expect(() => verify(vandal)).toThrow(/^values: the operator must not modify its input: input\.0\.data/);
  });

  test('detects an output that never ends, ends early, or swallows the error', () => {
    expect(() => verify(() => (source) => concat(source, NEVER))).toThrow(/^completion flushes: the source completed/);
    expect(() => verify(() => () => EMPTY)).toThrow(/^values: the input produced no output/);
    const deaf = (): BlockOperator => catchError(() => EMPTY);
    expect(() => verify(deaf)).toThrow(
      /^error: an error of the source must end the output with an error, but the output's state is 'complete'/,
    );
  });

  test('detects an operator that emits for an empty source', () => {
    const chatty = (): BlockOperator => (source) => concat(source, [input()[0]]);
    expect(() => verify(chatty, { anyCut: false })).toThrow('empty: an empty source produced 1 outputs');
  });

  test('detects an operator that leaves its source subscribed', () => {
    const clinging = (): BlockOperator => (source) =>
      new Observable((subscriber) => {
        source.subscribe({
          next: (block) => subscriber.next(block),
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
      });
    expect(() => verify(clinging)).toThrow('never: unsubscribing left the source subscribed');
  });

  test('works for outputs that are not blocks', () => {
    verifyOperator(
      () => (source) =>
        source.pipe(
          frames(),
          scan((sum, block) => sum + block.data[0], 0),
        ),
      input,
    );
  });

  test('requires an input that produces outputs', () => {
    expect(() => verifyOperator(frames, () => noiseBlocks([3]))).toThrow(
      'makeInput() must be two or more blocks, got 1',
    );
  });
});
