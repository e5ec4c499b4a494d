import { NEVER, from, lastValueFrom, map, Subject, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { sgd } from '../../src/core/learning/optimizers/sgd.ts';
import type { Learned } from '../../src/core/learning/learned.ts';
import type { Weights } from '../../src/core/network/weights.ts';
import type { LearnControl } from '../../src/core/learning/learn-control.ts';
import { learn } from '../../src/operators/learn.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import type { Block } from '../../src/core/blocks/block.ts';
import { countingBlock, noiseBlocks } from './make-blocks.ts';

const forecaster = () =>
  Network.create({ inChannels: 2, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 3 }] }, { seed: 2 });

describe('learn', () => {
  test('satisfies the operator invariants in its predictions, errors, and weights', () => {
    for (const part of ['prediction', 'error', 'features'] as const) {
      verifyOperator(
        () => (source) =>
          source.pipe(
            learn(forecaster()),
            map((learned) => learned[part]),
          ),
        () => noiseBlocks([5, 0, 7, 1, 12]),
        { frames: part === 'error' ? 24 : 25 },
      );
    }
    verifyOperator(
      () => (source) =>
        source.pipe(
          learn(forecaster()),
          map((learned) => learned.weights()),
        ),
      () => noiseBlocks([5, 7, 12]),
      { anyCut: false },
    );
  });

  test('trains a separate copy per subscriber, and the given network only with inPlace', async () => {
    const network = forecaster();
    const before = network.weights();
    const blocks = noiseBlocks([30, 30]);
    const run = (inPlace: boolean) => lastValueFrom(from(blocks).pipe(learn(network, { inPlace }), toArray()));
    const [first, second] = [await run(false), await run(false)];
    expect(second[1].weights()).toEqual(first[1].weights());
    expect(network.weights()).toEqual(before);
    await run(true);
    expect(network.weights()).toEqual(first[1].weights());
  });

  test('returns the outputs of the layers below the last convolution as features', async () => {
    const network = Network.create({
      inChannels: 2,
      layers: [
        { type: 'conv1d', outChannels: 5, kernelSize: 3 },
        { type: 'relu' },
        { type: 'conv1d', outChannels: 2, kernelSize: 2 },
      ],
    });
    const [, learned] = await lastValueFrom(from(noiseBlocks([4, 6])).pipe(learn(network), toArray()));
    expect([learned.features.channels, learned.features.start, learned.features.data.length]).toEqual([5, 4, 30]);
    expect(learned.features.data.every((x) => x >= 0)).toBe(true);
  });

  test('uses a target, which may complete before the source, and fails if the target fails', () => {
    const source = new Subject<Block>();
    const target = new Subject<Block>();
    const updates: number[] = [];
    let failure: unknown;
    source
      .pipe(learn({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] }, { target }))
      .subscribe({ next: (learned) => updates.push(learned.updates), error: (error: unknown) => (failure = error) });
    source.next(countingBlock(0, 10));
    target.next(countingBlock(0, 10));
    source.next(countingBlock(10, 10));
    expect(updates).toEqual([0, 9]);
    const reason = new Error('the target failed');
    target.error(reason);
    expect(failure).toBe(reason);
    expect([source.observed, target.observed]).toEqual([false, false]);
  });

  test('learns the same from targets that arrive before or up to maxDelay frames after their frames', () => {
    const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 2 }] };
    const run = (delay: number, maxDelay: number) => {
      const [source, target] = [new Subject<Block>(), new Subject<Block>()];
      let last: Learned | undefined;
      source.pipe(learn(spec, { target, maxDelay })).subscribe((learned) => (last = learned));
      for (let t = 0; t < 100 + delay; t++) {
        if (t >= delay) target.next(countingBlock(t - delay, 1));
        if (t < 100) source.next(countingBlock(t, 1));
      }
      source.next(countingBlock(100, 0));
      return { weights: last?.weights(), late: last?.skipped.late };
    };
    const first = run(0, 0);
    expect(first.late).toBe(0);
    expect(run(1, 0)).toEqual(first);
    expect(run(8, 7)).toEqual(first);
    expect(run(8, 6).late).toBeGreaterThan(0);
  });

  test('unsubscribes from target and control when the source completes', () => {
    const source = new Subject<Block>();
    const target = new Subject<Block>();
    const control = new Subject<LearnControl>();
    let done = false;
    const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: 2 }] };
    source.pipe(learn(spec, { target, control })).subscribe({ complete: () => (done = true) });
    source.complete();
    expect([done, target.observed, control.observed]).toEqual([true, false, false]);
  });

  test('can be controlled while it runs: freezing keeps the weights, and a learning rate applies to this subscriber only', () => {
    const source = new Subject<Block>();
    const control = new Subject<LearnControl>();
    const optimizer = sgd({ learningRate: 0.01 });
    const updates: number[] = [];
    source.pipe(learn(forecaster(), { optimizer, control })).subscribe((learned) => updates.push(learned.updates));
    const [a, b, c] = noiseBlocks([10, 10, 10]);
    source.next(a);
    control.next({ learning: false, learningRate: 0.5 });
    source.next(b);
    control.next({ learning: true });
    source.next(c);
    expect(updates).toEqual([7, 7, 17]);
    expect(optimizer.learningRate).toBe(0.01);
  });

  test('accepts a learning rate as learningRate or as rate, its deprecated alias, while it runs', () => {
    const source = new Subject<Block>();
    const control = new Subject<LearnControl>();
    const rates: number[] = [];
    source
      .pipe(learn(forecaster(), { optimizer: sgd({ learningRate: 0.01 }), control }))
      .subscribe((learned) => rates.push(learned.learningRate));
    const [a, b, c] = noiseBlocks([10, 10, 10]);
    source.next(a);
    control.next({ learningRate: 0.25 });
    source.next(b);
    control.next({ rate: 0.5 });
    source.next(c);
    expect(rates).toEqual([0.01, 0.25, 0.5]);
  });

  test('can be frozen, reset, and rolled back while it runs', () => {
    const source = new Subject<Block>();
    const control = new Subject<LearnControl>();
    const weights: Weights[] = [];
    source.pipe(learn(forecaster(), { control })).subscribe((learned) => weights.push(learned.weights()));
    const [a, b, c, d] = noiseBlocks([300, 10, 10, 10]);
    source.next(a);
    control.next({ act: 'freeze' });
    source.next(b);
    expect(weights[1]).toEqual(weights[0]);
    control.next({ act: 'reset' });
    source.next(c);
    expect(weights[2]).toEqual(forecaster().weights());
    control.next({ act: 'rollback' });
    control.next({ act: 'unfreeze' });
    source.next(d);
    expect(weights[3]).not.toEqual(weights[2]);
  });

  test.each([
    [null, 'control must be an object such as { learning: false }, got null'],
    [{ learning: 'no' }, "learning must be true or false, got 'no'"],
    [{ alarmed: 1 }, 'alarmed must be true or false, got 1'],
    [
      { learningRate: 0.25, rate: 0.5 },
      'learningRate and rate must not both be given; rate is the deprecated name of learningRate',
    ],
    [{ act: 'stop' }, "act must be one of freeze, unfreeze, reset, rollback, got 'stop'"],
  ])('fails with an error message for the control %j', (wrong, sentence) => {
    const control = new Subject<LearnControl>();
    const errors: unknown[] = [];
    NEVER.pipe(learn(forecaster(), { control })).subscribe({ error: (error: unknown) => errors.push(error) });
    control.next(wrong as never);
    expect(errors).toMatchObject([{ name: 'TypeError', message: sentence }]);
  });

  test('reports what does not match', () => {
    expect(() => learn({ inChannels: 2, layers: [] }, { horizon: 0 })).toThrow(
      'horizon must be an integer >= 1, got 0',
    );
  });
});
