import { finish } from '../../src/core/slices.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inOrder } from '../../src/protocol/channel-order.ts';
import { parseIngest, parseIngestList, ProtocolError } from '../../src/protocol/index.ts';
import { joinedFrames, limitSamples } from '../../src/protocol/joined-frames.ts';
import { defaultLimits } from '../../src/protocol/limits.ts';
import { readPostBody } from '../../src/protocol/post-body.ts';
import type { Samples } from '../../src/protocol/samples.ts';
import { Rejections } from '../../src/server/rejections.ts';

/** Reads the content of a request at once. */
const readBody = (...given: Parameters<typeof readPostBody>) => finish(readPostBody(...given));

/** The error of a message that must be rejected. */
function rejection(work: () => unknown): ProtocolError {
  try {
    work();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('the message was accepted');
}

const long = 'k'.repeat(100_000);

describe('the sentence of an error', () => {
  test.each([
    [`{"type":"x","${long}":1}`, 'application/json'],
    [`{"type":"${long}"}`, 'application/json'],
    [`{"${long}":1}`, 'application/json'],
    [`{"${long}":{"${long}":[1]}}`, 'application/json'],
    [`{"a":1,"time":"${long}"}`, 'application/json'],
    [`{"type":"mark","text":"${long}"}`, 'application/json'],
    [`m,a=${long} t=1\nm,b=${long} t=1`, 'text/plain'],
    [`m ${long}="x"`, 'text/plain'],
    [`${long},b\n1,x\n`, 'text/csv'],
    [`a,b\n1,${long}\n`, 'text/csv'],
    [`a\n${'9'.repeat(100_000)}\n`, 'text/csv'],
    [`${long} =`, 'application/x-www-form-urlencoded'],
  ])('is short, however long the input is (%#)', (text, type) => {
    const error = rejection(() => readBody(text, type, defaultLimits));
    expect(error.message.length).toBeLessThan(700);
    const rejections = new Rejections();
    rejections.add(error, 0);
    expect(rejections.summary!.last.length).toBeLessThanOrEqual(300);
  });

  test('is short for any JSON', () => {
    const json = fc.jsonValue({ maxDepth: 12 }).map((value) => JSON.stringify({ a: value, [long]: value }));
    fc.assert(
      fc.property(json, (text) => {
        expect(rejection(() => parseIngestList(text)).message.length).toBeLessThanOrEqual(1000);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

test.each(['{"a":', '{"type":"x","a":', '{"data":["1",', '{"type":"samples","data":', '[', '{"a":{"b":', '{"time":'])(
  'deep nesting after %s is rejected like any other message',
  (start) => {
    const depth = 20_000;
    const arrays = `${start}${'['.repeat(depth)}1${']'.repeat(depth)}`;
    const objects = `${start}${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    for (const text of [arrays, objects]) {
      const ends = [...start].reverse().map((bracket) => ({ '{': '}', '[': ']' })[bracket] ?? '');
      rejection(() => parseIngestList(text + ends.join('')));
    }
  },
);

describe('many frames in one message', () => {
  const frame = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(fc.integer({ min: -9, max: 9 })), {
    minKeys: 1,
  });
  const channels = ['c', 'a', 'b'].map((label) => ({ label, unit: '' }));

  test('have the same samples as one by one', () => {
    const samples = (text: string) =>
      joinedFrames(parseIngestList(text)).flatMap((message) => [...inOrder(message as Samples, channels).data]);
    fc.assert(
      fc.property(frame, fc.array(frame, { minLength: 1 }), fc.boolean(), (first, others, alike) => {
        const list = alike ? others.map(() => first) : others;
        expect(samples(JSON.stringify(list))).toEqual(list.flatMap((each) => samples(JSON.stringify(each))));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('of the same channels are one block', () => {
    const list = JSON.stringify(Array.from({ length: 5000 }, () => ({ ch1: 1 })));
    expect(joinedFrames(parseIngestList(list))).toMatchObject([{ channels: 1, labels: ['ch1'] }]);
    expect(readBody('1\n'.repeat(5000), 'text/csv', defaultLimits).messages).toHaveLength(1);
  });

  test('that name few of many channels are limited to one sample per byte of maxPayload', () => {
    const messages = parseIngestList(JSON.stringify(Array.from({ length: 1025 }, () => ({ ch1: 1 }))));
    limitSamples(messages.slice(1), 1024, defaultLimits);
    expect(() => {
      limitSamples(messages, 1024, defaultLimits);
    }).toThrow(
      'frames times channels must be at most 1048576 (maxPayload) for all frames of a message, got 1025 frames of 1024 channels; send fewer frames per message',
    );
  });

  test('that name too many channels at one time are rejected while they are joined', () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `m a${i}=1 1`).join('\n');
    expect(() => readBody(lines, 'text/plain', defaultLimits)).toThrow('channels must be at most 1024, got 1025');
  });
});

test('a byte order mark is ignored, and JSON in a binary message is named', () => {
  expect(parseIngest('\ufeff{"a":1}')).toMatchObject({ labels: ['a'] });
  expect(() => parseIngest('\ufeff{"a":NaN}')).toThrow('got NaN at character 6');
  for (const text of ['{"a":1}', ' [1,2]', '\ufeff{"a":1}'])
    expect(() => parseIngest(new TextEncoder().encode(text))).toThrow(
      'binary message must be a header and a block, got JSON; send JSON as text',
    );
});
