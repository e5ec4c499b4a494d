import fc from 'fast-check';
import { concatMap, EMPTY, from, of, NEVER, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import type { PipelineMessage } from '../../src/core/pipeline/pipeline-message.ts';
import { Network } from '../../src/core/network/network.ts';
import { Pipeline } from '../../src/core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../../src/core/pipeline/pipeline-output.ts';
import type { PipelineSpec } from '../../src/core/pipeline/pipeline-spec.ts';
import { pipeline, type PipelineOperatorOptions } from '../../src/operators/pipeline.ts';
import { verifyOperator } from '../../src/testing/index.ts';
import { run } from '../../src/testing/transcript.ts';
import { collectOutputs, cutInto } from '../core/pipeline/collect-outputs.ts';
import { countingBlock, noiseBlocks } from './make-blocks.ts';

type Message = Exclude<PipelineMessage, { type: 'block' }>;

const conv = (outChannels: number, more: object = {}) => ({
  inChannels: 2,
  layers: [{ type: 'conv1d' as const, outChannels, kernelSize: 3, ...more }],
});
const spec: PipelineSpec = {
  gaps: { policy: 'linear', max: 20 },
  standardize: { tau: 0.2 },
  detect: { falseAlarms: 50 },
  maps: [
    { name: 'tail', network: conv(3, { kernelSize: 6, stride: 2, mode: 'same' }) },
    { name: 'raw', network: conv(1), on: 'raw' },
  ],
  learners: [
    { name: 'next', network: conv(2), updateEvery: 3 },
    { name: 'other', network: conv(1), task: 'target', target: 'label' },
  ],
};
const messages: Message[] = [
  { type: 'targets', from: 'label', block: countingBlock(0, 300) },
  { type: 'control', at: 57, learner: 'next', learning: false },
  { type: 'control', at: 100, learner: 'next', act: 'unfreeze', learningRate: 0.02 },
  { type: 'add', at: 131, stage: { kind: 'map', spec: { name: 'late', network: conv(1) } } },
  { type: 'feedback', at: 150, verdict: 'anomalous' },
  { type: 'remove', at: 190, stage: 'map raw' },
];
/** 250 frames with a gap that is filled and one that is not. */
const stream = (() => {
  const [a, , b, , c] = noiseBlocks([80, 12, 60, 50, 98]);
  return [a, b, c];
})();

/** The tails of all maps. */
const tails = (of: Pipeline, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, of.flush(name)?.data ?? new Float32Array(0)]));

describe('pipeline', () => {
  test.each<[string, (output: PipelineOutput) => Block | null | undefined]>([
    ['feature maps, with their last outputs', ({ maps }) => maps.tail],
    ['predictions', ({ learners }) => (learners as Partial<typeof learners>).next?.prediction],
    ['scores', ({ detected }) => detected?.score],
    ['standardized frames', ({ block }) => (block.data.length > 0 ? block : null)],
  ])('satisfies the operator invariants in its %s', (_, part) => {
    verifyOperator(
      () => (source) =>
        source.pipe(
          pipeline(spec),
          concatMap((output) => {
            const block = part(output);
            return block ? of(block) : EMPTY;
          }),
        ),
      () => noiseBlocks([25, 0, 7, 1, 31]),
    );
  });

  test('emits the bits of Pipeline.push for any block sizes, with messages that apply from a given frame on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }), (lengths) => {
        const { outputs, ended } = run(pipeline(spec, { messages: from(messages) }), cutInto(stream, lengths));
        expect(ended).toBe('complete');
        const direct = Pipeline.create(spec);
        for (const message of messages) direct.handle(message);
        const expected = collectOutputs(stream.flatMap((block) => direct.push(block)));
        for (const [name, tail] of Object.entries(tails(direct, ['tail', 'late']))) expected.maps[name].push(...tail);
        expect(collectOutputs(outputs)).toEqual(expected);
        direct.close();
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  test('applies a message without a frame from the next frame on', () => {
    const control = { type: 'control', learner: 'next', learning: false } as const;
    const [now, stated] = [new Subject<Message>(), of({ ...control, at: 92 })];
    const source = new Subject<Block>();
    const outputs: PipelineOutput[] = [];
    source.pipe(pipeline(spec, { messages: now })).subscribe((output) => outputs.push(output));
    const [first, ...rest] = stream;
    source.next(first);
    now.next({ ...control, at: undefined });
    for (const block of rest) source.next(block);
    expect(outputs[0].learners.next.updates).toBeGreaterThan(0);
    expect(outputs.at(-1).learners.next.updates).toBe(outputs[0].learners.next.updates);
    const later = run(pipeline(spec, { messages: stated }), stream, 'open');
    expect(later.outputs.at(-1).learners.next.updates).toBeGreaterThan(outputs[0].learners.next.updates);
  });

  test('processes blocks and messages in their order of arrival, including those that an output causes', () => {
    const [source, sent] = [new Subject<Block>(), new Subject<Message>()];
    const [a, b, c] = noiseBlocks([30, 30, 30]);
    const updates: number[] = [];
    source.pipe(pipeline(spec, { messages: sent })).subscribe(({ raw, learners }) => {
      updates.push(learners.next.updates);
      if (raw.start > 0) return;
      source.next(b);
      sent.next({ type: 'control', learner: 'next', learning: false });
      source.next(c);
    });
    source.next(a);
    expect(updates[1]).toBeGreaterThan(updates[0]);
    expect(updates[2]).toBe(updates[1]);
  });

  test('emits separate outputs for a filled gap and for the frames before and after a message applies', () => {
    const [a, , b] = noiseBlocks([10, 5, 10]);
    const { outputs } = run(
      pipeline(spec, { messages: from<Message[]>([{ ...messages[1], at: 20 } as Message]) }),
      [a, b],
      'open',
    );
    expect(outputs.map(({ raw }) => [raw.start, raw.data.length / 2])).toEqual([
      [0, 10],
      [10, 5],
      [15, 5],
      [20, 5],
    ]);
  });

  test('emits the last outputs of feature maps in one output without frames', () => {
    const blocks = noiseBlocks([10, 11]);
    const { outputs } = run(pipeline(spec), blocks);
    const { raw, block, maps, learners, detected, failures } = outputs.at(-1);
    expect([raw.start, raw.data.length, raw.time, block.data.length]).toEqual([21, 0, 210, 0]);
    expect([learners, detected, failures, maps.raw]).toEqual([{}, null, [], null]);
    expect(maps.tail!.data.length).toBeGreaterThan(0);
    const causal = run(pipeline({ network: conv(1) }), blocks);
    expect(causal.outputs).toHaveLength(2);
  });

  test('shares nothing between subscribers, and does not train a given network', () => {
    const network = Network.create(conv(2), { seed: 5 });
    const before = network.weights();
    const operator = pipeline({ learn: { network: conv(2), holdout: false } }, { learner: network });
    const [first, second] = [run(operator, stream), run(operator, stream)];
    expect(collectOutputs(second.outputs)).toEqual(collectOutputs(first.outputs));
    expect(network.weights()).toEqual(before);
    expect(first.outputs[0].learned!.weights()).not.toEqual(before);
  });

  test('reports a stage that throws an error, and continues with the other stages', () => {
    const channels = { ...spec, gaps: { policy: 'none' as const } };
    const wrap = conv(1, { mode: 'same', padding: 'wrap' });
    const { outputs, ended } = run(pipeline({ ...channels, network: wrap }), stream);
    expect(ended).toBe('complete');
    expect(outputs[0].failures).toMatchObject([{ stage: 'map features' }]);
    expect(outputs[1].failures).toEqual([]);
    expect(outputs[1].maps.tail).not.toBeNull();
  });

  test('unsubscribes from messages when the source completes, and continues when messages complete', () => {
    const [source, sent] = [new Subject<Block>(), new Subject<Message>()];
    let ended = '';
    source.pipe(pipeline(spec, { messages: sent })).subscribe({ complete: () => (ended = 'complete') });
    source.next(stream[0]);
    source.complete();
    expect([ended, sent.observed]).toEqual(['complete', false]);
    const { outputs } = run(pipeline(spec, { messages: EMPTY }), stream, 'open');
    expect(outputs).toHaveLength(run(pipeline(spec), stream, 'open').outputs.length);
  });

  test.each([
    [{ type: 'control', learner: 'none' }, 'learner must be one of next, other'],
    [{ type: 'stop' }, 'type of a message must be one of'],
    [null, 'message must be a PipelineMessage, got null'],
    [
      { type: 'block', block: stream[0] },
      "type of a message must be other than 'block', because blocks come from the source, got 'block'",
    ],
  ])('fails with an error message for the message %j', (wrong, sentence) => {
    const sent = new Subject<Message>();
    const source = new Subject<Block>();
    const errors: unknown[] = [];
    source.pipe(pipeline(spec, { messages: sent })).subscribe({ error: (error: unknown) => errors.push(error) });
    sent.next(wrong as never);
    expect(errors).toMatchObject([{ message: expect.stringContaining(sentence) as string }]);
    expect([source.observed, sent.observed]).toEqual([false, false]);
  });

  test('fails with the error of its messages, and for a block with other channels', () => {
    const reason = new Error('the messages failed');
    const sent = new Subject<Message>();
    let failure: unknown;
    NEVER.pipe(pipeline(spec, { messages: sent })).subscribe({ error: (error: unknown) => (failure = error) });
    sent.error(reason);
    expect(failure).toBe(reason);
    const { ended, error } = run(pipeline(spec), [stream[0], countingBlock(300, 4)]);
    expect([ended, String(error)]).toEqual(['error', 'RangeError: block.channels must be 2, as before, got 1']);
  });

  test('throws for an invalid spec or option when it is created', () => {
    expect(() => pipeline({ standardize: { tau: 0 } })).toThrow(
      'standardize.tau must be a number > 0 in seconds, got 0',
    );
    const unknown = { network: conv(1), maps: [{ name: 'x', network: conv(1), weights: 'abc' }] };
    expect(() => pipeline(unknown)).toThrow(
      "weights of x must be the hash of weights that are given with the spec, got 'abc'",
    );
    const options: PipelineOperatorOptions = { shape: { channels: 3, rate: 100 } };
    expect(() => pipeline(spec, options)).toThrow('channels of');
  });
});
